// Exchanges pairs of names without end: swap A B [A B]...
// A file "LIST" of such names, one a line, is read instead where there is one argument.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char **names)
{
    if (count == 2) {
        FILE *list = fopen(names[1], "r");
        if (!list)
            return 1;
        char line[4096];
        names = malloc(sizeof *names * 1000000);
        for (count = 1; count < 1000000 && fgets(line, sizeof line, list); count++) {
            line[strcspn(line, "\n")] = 0;
            names[count] = strdup(line);
        }
    }
    for (;;)
        for (int at = 1; at + 1 < count; at += 2)
            syscall(SYS_renameat2, AT_FDCWD, names[at], AT_FDCWD, names[at + 1], 2);
}
