#include <malloc.h>

#include "app/cli.h"

int main(int argc, char** argv) {
  // Fixed, or the C library raises it with the first large block that is freed (Argon2 takes 19
  // MiB) and keeps all later ones.
  ::mallopt(M_MMAP_THRESHOLD, 1024 * 1024);
  return turms::app::run_command_line(argc, argv);
}
