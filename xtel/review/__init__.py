"""What a change means before it is made: the plan, its rules, its reports, and where they are posted."""
