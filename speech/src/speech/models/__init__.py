"""The models: their weights, and the engines that transcribe, answer and speak with them."""
