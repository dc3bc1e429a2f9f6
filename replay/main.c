/*
 * main.c - hvreplay: what a policy would have done to recorded packets and disk commands
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "replay/jobs.h"
#include "replay/report.h"
#include "replay/stop.h"

#define STATUS_JUDGED	0
#define STATUS_WRONG	1	/* the policy, or the verdicts */
#define STATUS_IO	2	/* usage; a file that cannot be read or written */

struct session {
	struct options options;
	struct loaded loaded;
	struct expect expect;
	struct writer write, record;
	struct output events, verdicts;
	struct progress progress;
	struct totals totals;
	FILE *summary;		/* standard output, or standard error when that is taken */
	int status;
};

static void fail(struct session *s, int status, const char *text)
{
	fputs("hvreplay: ", stderr);
	put_plain(stderr, text);
	fputc('\n', stderr);
	if (status > s->status)
		s->status = status;
}

static uint64_t input_size(const struct options *o)
{
	uint64_t total = 0;
	unsigned i;

	for (i = 0; i < o->input_count; i++) {
		struct stat st;

		if (!strcmp(o->inputs[i], "-") || stat(o->inputs[i], &st) < 0 ||
		    !S_ISREG(st.st_mode))
			return 0;
		total += (uint64_t)st.st_size;
	}
	return total;
}

/* In the order of the inputs. */
static void job_done(void *arg, struct job *j)
{
	struct session *s = arg;

	if (s->progress.drawn)
		fprintf(stderr, "\r\033[K");
	if (fault_is_set(&j->fault) && !stop_requested())
		fail(s, j->unexpected ? STATUS_WRONG : STATUS_IO, j->fault.text);
	if (!j->totals.rule)
		return;
	if (!s->options.quiet && j->description && j->description[0])
		report_input(s->summary, j->index + 1, j->path, j->description, &j->totals);
	if (j->cursor.differences) {
		fprintf(s->summary, "--- %s\n+++ %s\n", s->options.expect, j->path);
		fwrite(j->cursor.text, 1, j->cursor.text_len, s->summary);
		if (j->cursor.differences > EXPECT_MAX_SHOWN)
			fprintf(s->summary, "... %llu differences in all\n",
				(unsigned long long)j->cursor.differences);
		if (s->status < STATUS_WRONG)
			s->status = STATUS_WRONG;
	}
	totals_add(&s->totals, &j->totals);
}

/* Judge everything; outputs are open. */
static int judge_inputs(struct session *s)
{
	const struct options *o = &s->options;
	struct run run = {
		.options = o, .loaded = &s->loaded, .expect = o->expect ? &s->expect : NULL,
		.write = o->write ? &s->write : NULL, .record = o->record ? &s->record : NULL,
		.progress = &s->progress,
	};
	struct fault f = { 0 };
	uint64_t start = clock_ns();

	if (o->record)
		writer_decide(&s->record, READER_DISK);
	if (o->verdicts)
		verdicts_head(&s->verdicts, s->loaded.hook_default);
	progress_begin(&s->progress, input_size(o));
	jobs_run(&run, o->events ? &s->events : NULL, o->verdicts ? &s->verdicts : NULL, job_done,
		 s, &f);
	progress_end(&s->progress);
	if (fault_is_set(&f)) {
		fail(s, STATUS_IO, f.text);
		return -1;
	}
	/* nothing could be read: the error says it all */
	if (s->status == STATUS_IO && !s->totals.transfers)
		return 0;
	if (!o->quiet && !stop_requested())
		report_totals(s->summary, &s->loaded, o, &s->totals, clock_ns() - start);
	return 0;
}

/* Is it standard output, "-" or by another name?  Then nothing else is said there. */
static bool to_stdout(const char *path)
{
	struct stat st, standard;

	if (!path || !strcmp(path, "-"))
		return path;
	return strcmp(path, "/dev/null") && !stat(path, &st) && !fstat(STDOUT_FILENO, &standard) &&
	       !S_ISREG(st.st_mode) && st.st_dev == standard.st_dev && st.st_ino == standard.st_ino;
}

/* Put the outputs in their places: traces only when all went well, events in any case. */
static void close_outputs(struct session *s, struct fault faults[4], bool judged)
{
	bool whole = judged && s->status < STATUS_IO && !stop_requested();
	unsigned i;

	writer_flush(&s->write);
	writer_flush(&s->record);
	output_flush(&s->verdicts);
	output_flush(&s->events);
	for (i = 0; i < 4; i++)
		whole &= !fault_is_set(&faults[i]);
	if (whole) {
		writer_commit(&s->write);
		writer_commit(&s->record);
		output_commit(&s->verdicts);
	} else {
		writer_abort(&s->write);
		writer_abort(&s->record);
		output_abort(&s->verdicts);
	}
	if (judged)
		output_commit(&s->events);
	else
		output_abort(&s->events);
	for (i = 0; i < 4; i++)
		if (fault_is_set(&faults[i]) && !stop_requested())
			fail(s, STATUS_IO, faults[i].text);
	if (fflush(s->summary) || ferror(s->summary))
		fail(s, STATUS_IO, "the summary cannot be written");
}

/* An output must not replace a file that the policy includes or reads; its own is looked at before. */
static bool outputs_spare_policy(struct session *s)
{
	const struct options *o = &s->options;
	const char *const out[] = { o->write, o->record, o->events, o->verdicts };
	struct fault f = { 0 };
	unsigned i;

	for (i = 0; i < 4; i++)
		if (out[i] && hvc_has_read(&s->loaded.compiled, out[i]))
			fault_set(&f, "an output would replace the input %s", out[i]);
	if (fault_is_set(&f))
		fail(s, STATUS_IO, f.text);
	return !fault_is_set(&f);
}

static void replay(struct session *s)
{
	const struct options *o = &s->options;
	struct fault faults[4] = { 0 }, f = { 0 };
	bool judged = false;

	if (totals_init(&s->totals, s->loaded.policy, &f) < 0) {
		fail(s, STATUS_IO, f.text);
		return;
	}
	stop_catch();
	if ((!o->write || !writer_open(&s->write, o->write, &faults[0])) &&
	    (!o->record || !writer_open(&s->record, o->record, &faults[1])) &&
	    (!o->events || !output_open(&s->events, o->events, &faults[2])) &&
	    (!o->verdicts || !output_open(&s->verdicts, o->verdicts, &faults[3])))
		judged = judge_inputs(s) == 0;
	close_outputs(s, faults, judged);
	totals_free(&s->totals);
}

/*
 * A standard file that we were given closed stays unusable: the next file that is opened, say
 * the one of --write, must not get its number, and with it what is said there.
 */
static void occupy_standard_files(void)
{
	static const int useless[] = { O_WRONLY, O_RDONLY, O_RDONLY };
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", useless[fd]) < 0)
			exit(STATUS_IO);
}

int main(int argc, char **argv)
{
	struct session s;
	struct fault f = { 0 };

	occupy_standard_files();
	memset(&s, 0, sizeof(s));
	s.status = options_read(&s.options, argc, argv);
	if (s.status >= 0)
		return s.status;
	s.summary = to_stdout(s.options.events) || to_stdout(s.options.write) ||
		    to_stdout(s.options.record) || to_stdout(s.options.verdicts) ? stderr : stdout;
	s.status = load_policy(&s.loaded, s.options.policy, &f);
	if (!s.status && s.options.expect)
		s.status = expect_load(&s.expect, s.options.expect, &f);
	if (fault_is_set(&f))
		fail(&s, s.status, f.text);
	if (!s.status && outputs_spare_policy(&s))
		replay(&s);
	if (s.options.expect)
		expect_free(&s.expect);
	load_free(&s.loaded);
	stop_obey();
	return s.status;
}
