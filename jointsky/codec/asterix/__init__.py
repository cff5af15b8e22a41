"""EUROCONTROL ASTERIX: tables, a columnar decoder, an encoder, and the way to and from batches."""
