/*
 * fault.c - a program once for each of its calls of the system, that call failing
 *
 *	fault_PROGRAM WHAT ARGUMENT...
 *
 * Runs PROGRAM's main() with the arguments in child after child: the Nth in the folder N, made
 * for it, its words in N/out and N/err.  Its Nth call of the function WHAT ("memory": of all
 * that allocate; "elf": of libelf's) fails with an error; with WHAT+eintr it is interrupted; of WHAT "halves" each
 * read and write does half of what it is asked.  Prints "N STATUS" for each child, a signal as
 * a negative number, and ends with the first one that had no Nth call.
 *
 * It is linked with --wrap for main() and each function below.
 */
#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SECONDS	60u
#define CHILDREN_MAX	5000u

static struct {
	const char *what;	/* NULL: nothing fails */
	int error;
	bool halves;
	atomic_uint left;	/* calls up to the one that fails */
	atomic_bool *came;	/* has it come?  Seen by the parent */
} plan;

static bool fails(const char *what)
{
	if (!plan.what || strcmp(plan.what, what) || atomic_fetch_sub(&plan.left, 1) != 1)
		return false;
	atomic_store(plan.came, true);
	errno = plan.error;
	return true;
}

static size_t part(size_t len)
{
	return plan.halves && len > 1 ? len / 2 : len;
}

#define WRAP(type, name, what, failed, parameters, arguments)		\
	type __real_##name parameters;					\
	type __wrap_##name parameters;					\
	type __wrap_##name parameters					\
	{								\
		return fails(what) ? failed : __real_##name arguments;	\
	}

WRAP(void *, malloc, "memory", NULL, (size_t size), (size))
WRAP(void *, calloc, "memory", NULL, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, "memory", NULL, (void *old, size_t size), (old, size))
WRAP(void *, aligned_alloc, "memory", NULL, (size_t align, size_t size), (align, size))
WRAP(int, vasprintf, "memory", -1, (char **out, const char *format, va_list ap), (out, format, ap))
WRAP(FILE *, open_memstream, "memory", NULL, (char **text, size_t *len), (text, len))
WRAP(void *, mmap, "mmap", MAP_FAILED, (void *at, size_t len, int prot, int flags, int fd, off_t from),
     (at, len, prot, flags, fd, from))
WRAP(int, fstat, "fstat", -1, (int fd, struct stat *st), (fd, st))
WRAP(int, fchmod, "fchmod", -1, (int fd, mode_t mode), (fd, mode))
WRAP(off_t, lseek, "lseek", -1, (int fd, off_t to, int whence), (fd, to, whence))
WRAP(int, mkostemp, "mkstemp", -1, (char *name, int flags), (name, flags))
WRAP(int, mkstemp, "mkstemp", -1, (char *name), (name))
WRAP(int, rename, "rename", -1, (const char *from, const char *to), (from, to))
WRAP(int, memfd_create, "memfd_create", -1, (const char *name, unsigned flags), (name, flags))
WRAP(FILE *, fdopen, "fdopen", NULL, (int fd, const char *mode), (fd, mode))
WRAP(FILE *, fopen, "fopen", NULL, (const char *name, const char *mode), (name, mode))
WRAP(int, pthread_create, "pthread_create", EAGAIN,
     (pthread_t *t, const pthread_attr_t *a, void *(*fn)(void *), void *arg), (t, a, fn, arg))
WRAP(ssize_t, read, "read", -1, (int fd, void *to, size_t len), (fd, to, part(len)))
WRAP(ssize_t, pread, "pread", -1, (int fd, void *to, size_t len, off_t at), (fd, to, part(len), at))
WRAP(ssize_t, write, "write", -1, (int fd, const void *from, size_t len), (fd, from, part(len)))

WRAP(Elf *, elf_begin, "elf", NULL, (int fd, Elf_Cmd c, Elf *of), (fd, c, of))
WRAP(Elf *, elf_memory, "elf", NULL, (char *image, size_t size), (image, size))
WRAP(Elf_Scn *, elf_newscn, "elf", NULL, (Elf *e), (e))
WRAP(Elf_Data *, elf_newdata, "elf", NULL, (Elf_Scn *s), (s))
WRAP(Elf_Scn *, elf_getscn, "elf", NULL, (Elf *e, size_t n), (e, n))
WRAP(Elf64_Shdr *, elf64_getshdr, "elf", NULL, (Elf_Scn *s), (s))
WRAP(Elf64_Ehdr *, elf64_getehdr, "elf", NULL, (Elf *e), (e))
WRAP(Elf64_Ehdr *, elf64_newehdr, "elf", NULL, (Elf *e), (e))
WRAP(Elf_Data *, elf_getdata, "elf", NULL, (Elf_Scn *s, Elf_Data *before), (s, before))
WRAP(int, elf_getshdrstrndx, "elf", -1, (Elf *e, size_t *n), (e, n))
WRAP(char *, elf_strptr, "elf", NULL, (Elf *e, size_t section, size_t at), (e, section, at))
WRAP(off_t, elf_update, "elf", -1, (Elf *e, Elf_Cmd c), (e, c))
WRAP(void *, pcre2_compile_context_create_8, "memory", NULL, (void *general), (general))

int __wrap_asprintf(char **out, const char *format, ...);
int __wrap_asprintf(char **out, const char *format, ...)
{
	va_list ap;
	int len;

	va_start(ap, format);
	len = __wrap_vasprintf(out, format, ap);
	va_end(ap);
	return len;
}

int __real_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...);
int __wrap_open(const char *name, int flags, ...)
{
	va_list ap;
	mode_t mode;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	return fails("open") ? -1 : __real_open(name, flags, mode);
}

/* What could not be closed is closed all the same, on Linux. */
int __real_close(int fd);
int __wrap_close(int fd);
int __wrap_close(int fd)
{
	int status = __real_close(fd);

	return fails("close") ? -1 : status;
}

int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);

static _Noreturn void child(unsigned n, char *what, int argc, char **argv)
{
	char *how = strchr(what, '+'), folder[16];
	int status;

	alarm(CHILD_SECONDS);
	snprintf(folder, sizeof(folder), "%u", n);
	if (mkdir(folder, 0777) || chdir(folder) || !freopen("out", "w", stdout) ||
	    !freopen("err", "w", stderr))
		_exit(99);
	plan.error = how ? EINTR : !strcmp(what, "memory") ? ENOMEM : EIO;
	plan.halves = !strcmp(what, "halves");
	if (how)
		*how = '\0';
	atomic_store(&plan.left, n);
	plan.what = what;
	status = __real_main(argc, argv);
	plan.what = NULL;	/* what instruments the program allocates too */
	exit(status);
}

int __wrap_main(int argc, char **argv)
{
	unsigned n = 0;
	int status;

	plan.came = mmap(NULL, sizeof(*plan.came), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (argc < 2 || plan.came == MAP_FAILED)
		return 99;
	do {
		pid_t pid;

		atomic_store(plan.came, false);
		fflush(stdout);
		pid = fork();
		if (!pid) {
			char *what = argv[1];

			argv[1] = argv[0];
			child(n + 1, what, argc - 1, argv + 1);
		}
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 99;
		printf("%u %d\n", ++n, WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status));
	} while (atomic_load(plan.came) && n < CHILDREN_MAX);
	return 0;
}
