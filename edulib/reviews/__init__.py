"""What the reviews at the end of the eras share: numbers of models, tables, a sheet."""
