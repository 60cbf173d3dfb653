"""Labels archives of images and videos in parallel: `fer-edge predict --batch`."""
