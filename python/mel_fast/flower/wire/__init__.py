"""What goes over the wire: orders, reports and models as records of Flower's messages."""
