/*
 * ahci_fault_device.c - the controller fails: it stalls, is late, says things twice or out of nowhere, lies, is gone
 */
#include "tests/devmodel/ahci_fault.h"

#include <string.h>

static uint8_t bytes[FAULT_BYTES], got[FAULT_BYTES];

static void issue(struct ahci_machine *m, unsigned slot, bool queued, bool out, uint64_t lba, uint32_t sectors)
{
	struct ahci_driver_command c = fault_command(queued, out, lba, sectors);

	c.layout = slot % LAYOUTS;
	c.data = bytes;
	fault_bytes(bytes, lba, c.len);
	if (!out)
		sim_ahci_medium_write(m->sim, 0, lba, bytes, c.len);
	ahci_driver_issue(&m->driver, 0, slot, &c);
}

static bool check_slot(struct ahci_machine *m, unsigned slot, bool out, uint64_t lba, uint32_t sectors)
{
	fault_bytes(bytes, lba, sectors * 512);
	if (out)
		sim_ahci_medium_read(m->sim, 0, lba, got, sectors * 512);
	else
		ahci_driver_data(&m->driver, 0, slot, got, sectors * 512);
	return m->driver.port[0].slot[slot].state == DRIVER_DONE && !memcmp(bytes, got, sectors * 512);
}

static unsigned count_done(struct ahci_machine *m)
{
	unsigned n = 0;

	ahci_driver_look(&m->driver);
	for (unsigned i = 0; i < SLOTS; i++)
		n += m->driver.port[0].slot[i].state == DRIVER_DONE;
	return n;
}

static void test_stall(void)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, p == 1);

		sim_ahci_faults(m->sim)->stalled = true;
		for (unsigned i = 0; i < SLOTS; i++)
			issue(m, i, true, i & 1, 1000 + i * 8, 8);
		ahci_machine_run(m, 50);
		tap_case(count_done(m) == 0, "%u are done", count_done(m));
		sim_ahci_faults(m->sim)->stalled = false;
		tap_case(ahci_driver_finish(&m->driver, 0, 50), "it does not go on");
		for (unsigned i = 0; i < SLOTS; i++) {
			tap_case(check_slot(m, i, i & 1, 1000 + i * 8, 8), "slot %u", i);
			ahci_driver_release(&m->driver, 0, i);
		}
		fault_end(m, "stall");
	}
	tap_claim("fault: the controller stalls, and what waited goes on when it is over");
}

/* What is told is done, at any moment between two steps. */
static void test_late(bool together)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, false);
		unsigned done = 0, was;

		sim_ahci_faults(m->sim)->late = 7;
		sim_ahci_faults(m->sim)->together = together;
		sim_ahci_faults(m->sim)->order = SIM_LAST;
		for (unsigned i = 0; i < 20; i++)
			issue(m, i, true, i & 1, 1000 + i * 8, 8);
		for (unsigned step = 0; step < 200; step++) {
			sim_ahci_step(m->sim);
			was = done;
			done = count_done(m);
			tap_case(!together || done == was || done == 20 || step > 30, "%u of 20", done);
			for (unsigned i = 0; i < 20 && done != was; i++)
				tap_case(m->driver.port[0].slot[i].state == DRIVER_BUSY ||
						 check_slot(m, i, i & 1, 1000 + i * 8, 8),
					 "slot %u is done, and its data is not there", i);
		}
		ahci_driver_finish(&m->driver, 0, 50);
		tap_case(count_done(m) == 20, "%u of 20 at last", count_done(m));
		for (unsigned i = 0; i < 20; i++)
			ahci_driver_release(&m->driver, 0, i);
		fault_end(m, "late");
	}
	tap_claim("fault: completions come late%s; data is there before the registers say so",
		  together ? ", all in one FIS" : "");
}

static void test_twice(bool reads)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, p == 2);

		sim_ahci_faults(m->sim)->reads_twice = reads;
		sim_ahci_faults(m->sim)->says_twice = !reads;
		for (unsigned round = 0; round < 12; round++) {
			bool queued = round % 3;
			unsigned n = queued ? 12 : 1;

			for (unsigned i = 0; i < n; i++)
				issue(m, i, queued, (i + round) & 1, 1000 + i * 8, 8);
			tap_case(ahci_driver_finish(&m->driver, 0, 50) && !m->driver.port[0].failed, "round %u", round);
			for (unsigned i = 0; i < n; i++) {
				tap_case(check_slot(m, i, (i + round) & 1, 1000 + i * 8, 8), "round %u, slot %u", round,
					 i);
				ahci_driver_release(&m->driver, 0, i);
			}
		}
		fault_end(m, "twice");
	}
	tap_claim(reads ? "fault: the controller reads everything twice, and finds the same" :
			  "fault: the controller says everything twice, and each command ends once");
}

/* It says that commands are done, and nothing moved: the guest must not see what was in the memory before. */
static void test_lie(bool queued)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, false);

		issue(m, 0, false, false, 500, 1);
		ahci_driver_finish(&m->driver, 0, 50);
		ahci_driver_release(&m->driver, 0, 0);
		sim_ahci_faults(m->sim)->stalled = true;
		for (unsigned i = 0; i < 8; i++)
			issue(m, i, queued, false, 1000 + i * 8, 8);
		sim_ahci_lie(m->sim, 0, queued ? 0xff : 1, queued ? 0xff : 0, queued ? PxIS_SDBS : PxIS_DHRS);
		ahci_driver_look(&m->driver);
		tap_case(m->driver.port[0].slot[0].state == DRIVER_DONE, "not told");
		ahci_driver_data(&m->driver, 0, 0, got, 4096);
		for (unsigned i = 0; i < 4096; i++)
			tap_case(got[i] == DRIVER_CANARY || (queued && got[i] == 0), "byte %u is %02x", i, got[i]);
		fault_end(m, "lie");
	}
	tap_claim("fault: %s commands are said to be done, and no byte of others shows", queued ? "queued" : "other");
}

/* What the drive says right by now, the model learns. */
static void identify(struct ahci_machine *m)
{
	struct ahci_driver_command c = { .command = 0xec, .len = 512 };

	tap_case(ahci_driver_do(&m->driver, 0, &c, got) == DRIVER_DONE, "IDENTIFY fails");
}

/*
 * PRDBC: more than was asked for is a lie and is counted, and an IDENTIFY that lies says nothing of sectors; less is
 * what came.
 */
static void test_prdbc(void)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, false);
		uint64_t lies;

		sim_ahci_faults(m->sim)->prdbc = 100000;
		issue(m, 0, false, false, 1000, 8);
		ahci_driver_finish(&m->driver, 0, 50);
		tap_case(m->driver.port[0].failed, "more, of IDENTIFY: sectors of nobody knows what size are read");
		ahci_driver_recover(&m->driver, 0, NULL);
		tap_case(m->driver.port[0].slot[0].error == ERROR_ABRT, "more, of IDENTIFY: error %02x",
			 m->driver.port[0].slot[0].error);
		ahci_driver_release(&m->driver, 0, 0);
		sim_ahci_faults(m->sim)->prdbc = 0;
		identify(m);
		lies = ahci_counter(m->model, AHCI_LIES);
		tap_case(lies == 1, "more, of IDENTIFY: counted as %u", (unsigned)lies);
		sim_ahci_faults(m->sim)->prdbc = 100000;
		issue(m, 0, false, false, 1000, 8);
		ahci_driver_finish(&m->driver, 0, 50);
		tap_case(check_slot(m, 0, false, 1000, 8), "more: the data");
		tap_case(ahci_counter(m->model, AHCI_LIES) == lies + 1, "more: not counted");
		tap_case(m->driver.port[0].slot[0].prdbc <= 4096, "more: PRDBC %u", m->driver.port[0].slot[0].prdbc);
		ahci_driver_release(&m->driver, 0, 0);
		sim_ahci_faults(m->sim)->prdbc = 0;
		sim_ahci_faults(m->sim)->cut = 50;
		issue(m, 0, false, false, 2000, 8);
		ahci_driver_finish(&m->driver, 0, 50);
		ahci_driver_data(&m->driver, 0, 0, got, 4096);
		fault_bytes(bytes, 2000, 4096);
		tap_case(!memcmp(got, bytes, 2048), "less: what came");
		for (unsigned i = 2048; i < 4096; i++)
			tap_case(got[i] == DRIVER_CANARY, "less: byte %u is %02x", i, got[i]);
		tap_case(m->driver.port[0].slot[0].prdbc == 2048, "less: PRDBC %u", m->driver.port[0].slot[0].prdbc);
		ahci_driver_release(&m->driver, 0, 0);
		fault_end(m, "PRDBC");
	}
	tap_claim("fault: PRDBC of more than was asked for is counted, of less shows no byte that did not come");
}

/* Registers read all ones, in the midst of everything; then it is there again, as after a bus reset. */
static void test_gone(void)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, p & 1);
		uint64_t gone = ahci_counter(m->model, AHCI_GONE);

		for (unsigned i = 0; i < SLOTS; i++)
			issue(m, i, true, i & 1, 1000 + i * 8, 8);
		sim_ahci_faults(m->sim)->gone = true;
		ahci_machine_run(m, 30);
		m->work_max = 0;
		ahci_driver_port_read(&m->driver, 0, PxCI);
		ahci_driver_port_read(&m->driver, 0, PxIS);
		ahci_driver_port_write(&m->driver, 0, PxIS, 0xffffffff);
		ahci_driver_port_write(&m->driver, 0, PxCI, 1);
		ahci_driver_read(&m->driver, HBA_IS);
		tap_case(m->work_max < 1000, "%u calls in one", m->work_max);
		for (unsigned i = 0; i < SLOTS; i++)
			tap_case(m->driver.port[0].slot[i].state != DRIVER_DONE ||
					 check_slot(m, i, i & 1, 1000 + i * 8, 8),
				 "slot %u is done without its data", i);
		tap_case(ahci_counter(m->model, AHCI_GONE) > gone, "not counted");
		ahci_driver_write(&m->driver, HBA_GHC, GHC_AE | GHC_HR);
		ahci_driver_port_write(&m->driver, 0, PxCMD, 0);
		sim_ahci_faults(m->sim)->gone = false;
		sim_ahci_reset(m->sim);
		ahci_was_reset(m->model);
		m->driver.bad = false;
		fault_end(m, "gone");
	}
	tap_claim("fault: the controller is gone while commands are under way, and comes back");
}

/* The drive is pulled out, and put in again. */
static void test_unplug(void)
{
	for (unsigned p = 0; p < FAULT_POLICIES; p++) {
		struct ahci_machine *m = fault_new(p, 0, false);

		sim_ahci_faults(m->sim)->late = 100;
		for (unsigned i = 0; i < 8; i++)
			issue(m, i, true, i & 1, 1000 + i * 8, 8);
		for (unsigned i = 0; i < 10; i++)
			sim_ahci_step(m->sim);
		sim_ahci_plug(m->sim, 0, false);
		ahci_machine_run(m, 20);
		tap_case(count_done(m) == 0, "%u are done", count_done(m));
		tap_case(m->driver.port[0].is & PxIS_PRCS, "PRCS");
		tap_case((ahci_driver_port_read(&m->driver, 0, PxSSTS) & 15) == 0, "PxSSTS");
		tap_case(ahci_driver_port_stop(&m->driver, 0), "the port does not stop");
		tap_case(m->bounce.taken == 0, "%u pages stay taken", m->bounce.taken);
		sim_ahci_plug(m->sim, 0, true);
		ahci_machine_run(m, 5);
		fault_end(m, "unplug");
	}
	tap_claim("fault: the drive is pulled out while commands are under way, and put in again");
}

/* IDENTIFY fails: commands in sectors cannot be judged, and are refused until the next COMRESET. */
static void test_identify(void)
{
	struct ahci_machine *m = fault_new(2, 0, false);
	struct ahci_driver_command c = fault_command(true, false, 9, 1), e = { .command = 0xe5 };

	sim_ahci_faults(m->sim)->refuse_identify = 1;
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_FAILED, "read");
	tap_case(sim_ahci_count(m->sim, 0, 0x60) == 0, "it reaches the drive");
	tap_case(ahci_counter(m->model, AHCI_SECTOR_SIZE) >= 1, "not counted");
	tap_case(ahci_driver_do(&m->driver, 0, &e, NULL) == DRIVER_DONE, "CHECK POWER MODE");
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_FAILED, "read again");
	tap_case(ahci_driver_port_start(&m->driver, 0, false), "COMRESET");
	tap_case(ahci_driver_do(&m->driver, 0, &c, NULL) == DRIVER_DONE, "read after COMRESET");
	fault_end(m, "IDENTIFY");
	tap_claim("fault: a drive that does not say its sector size moves no sectors");
}

void fault_device(void)
{
	test_stall();
	test_late(false);
	test_late(true);
	test_twice(true);
	test_twice(false);
	test_lie(true);
	test_lie(false);
	test_prdbc();
	test_gone();
	test_unplug();
	test_identify();
}
