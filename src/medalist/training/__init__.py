"""What holds for every training job: what it prints, its sizes, its review, its checkpoint, its recovery."""
