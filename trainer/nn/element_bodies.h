/* The bodies that are compiled for each stored type. */
#include "trainer/nn/vector_body.h"
#include "trainer/nn/attention_body.h"
#include "trainer/nn/moe_body.h"
