"""The rules of `xtel plan` as a Pulumi policy pack, for whoever runs plain `pulumi preview` or `pulumi up`."""
