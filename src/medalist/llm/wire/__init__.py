"""What providers' HTTP protocols look like on the wire, for the servers of this room: no client speaks from here."""
