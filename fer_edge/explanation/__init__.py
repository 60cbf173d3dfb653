"""Which pixels of a face an answer rests on: saliency maps, their scores and their drawing."""
