"""What the browser asks of files over HTTP: who asks, what for, and the bytes or the JSON of it."""
