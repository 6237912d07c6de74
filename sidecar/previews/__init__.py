"""Pages of documents as pictures, for whoever reviews them."""
