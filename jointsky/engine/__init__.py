"""One pure step: frames in, picture out."""
