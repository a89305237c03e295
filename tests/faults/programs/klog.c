/* Prints how many bytes of the kernel's log nobody has taken through /proc/kmsg yet. */
#include <stdio.h>
#include <sys/klog.h>

int main(void)
{
	enum { SIZE_UNREAD = 9 };
	int unread = klogctl(SIZE_UNREAD, NULL, 0);

	if (unread < 0) {
		perror("klogctl");
		return 1;
	}
	printf("%d\n", unread);
	return 0;
}
