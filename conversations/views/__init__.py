"""What the browser asks for over HTTP: views validate, call an action, and render."""
