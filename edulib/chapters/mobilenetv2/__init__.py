"""The chapter on MobileNet v2 and v3: small forms, experiments, times and exercises."""
