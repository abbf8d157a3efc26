"""Knowledge spaces: documents in, cited passages out."""
