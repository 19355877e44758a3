"""The models themselves: their weights, and the engines that hear, think and speak with them."""
