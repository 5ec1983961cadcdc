"""What every vendor module shares: values, specs, errors, HTTP with one retry policy, the reconciler, the engine's face.

A carrier module *declares* (objects, credentials, ranges, route); the kernel *does* (looks before it creates, takes
over, retries, compares, redacts). Start reading at :mod:`providers.kernel.object` and
:mod:`providers.kernel.vendor` for what to declare and at
:mod:`providers.kernel.reconciler` for what is done with it.
"""
