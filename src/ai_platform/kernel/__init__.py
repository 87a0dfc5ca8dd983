"""What every room may import: pure standard library, no technology, no business."""
