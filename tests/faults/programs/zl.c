// A process whose main thread exits while another one lives on, with a descriptor of PATH: zl PATH
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

static void *live_on(void *path) {
    if (open(path, O_RDONLY) < 0) _exit(1);
    pause();
    return 0;
}

int main(int count, char **arguments) {
    pthread_t thread;
    if (count < 2 || pthread_create(&thread, 0, live_on, arguments[1])) return 1;
    pthread_exit(0);
}
