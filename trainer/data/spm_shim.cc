// The C face of SentencePiece; trainer/data/tokenizer.c is its only user.
#include <sentencepiece_processor.h>
