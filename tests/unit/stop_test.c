/*
 * stop_test.c - signals are noted at first, and obeyed when all is tidied up
 */
#include <signal.h>
#include <unistd.h>

#include "replay/stop.h"
#include "tests/unit/unit.h"

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };

static void after_each(void)
{
	stop_signal = 0;
	for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
		signal(caught[i], SIG_DFL);
}

START_TEST(noted)
{
	stop_catch();
	ck_assert(!stop_requested());
	stop_obey();		/* there is nothing to obey: we live */
	raise(caught[_i]);
	ck_assert(stop_requested());
	ck_assert_int_eq(stop_signal, caught[_i]);
}
END_TEST

/* The signal is held back, to be seen and taken away before it kills. */
START_TEST(obeyed)
{
	struct sigaction sa;
	sigset_t set, pending;
	int taken;

	stop_catch();
	raise(caught[_i]);
	sigemptyset(&set);
	sigaddset(&set, caught[_i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	stop_obey();
	sigpending(&pending);
	ck_assert(sigismember(&pending, caught[_i]));
	ck_assert_int_eq(sigaction(caught[_i], NULL, &sa), 0);
	ck_assert(sa.sa_handler == SIG_DFL);
	ck_assert_int_eq(sigwait(&set, &taken), 0);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
END_TEST

START_TEST(a_reader_that_went_away)
{
	int pipes[2];

	stop_catch();
	ck_assert_int_eq(pipe(pipes), 0);
	close(pipes[0]);
	ck_assert_int_eq(write(pipes[1], "x", 1), -1);
	close(pipes[1]);
	ck_assert(!stop_requested());
}
END_TEST

Suite *unit_suite(void)
{
	Suite *s = suite_create("stop");
	TCase *c = unit_case(s, "signals");

	tcase_add_checked_fixture(c, NULL, after_each);
	tcase_add_loop_test(c, noted, 0, 3);
	tcase_add_loop_test(c, obeyed, 0, 3);
	tcase_add_test(c, a_reader_that_went_away);
	return s;
}
