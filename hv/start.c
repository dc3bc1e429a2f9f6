/*
 * start.c - the order in which everything comes up
 *
 * serial (multiboot.c), own memory, own page tables, exceptions, policy, processor, guest.
 */
#include "hv/start.h"

#include <string.h>

#include "hv/acpi.h"
#include "hv/boot/pass.h"
#include "hv/cpu/exception.h"
#include "hv/cpu/smp.h"
#include "hv/cpu/vcpu.h"
#include "hv/disk.h"
#include "hv/enforce.h"
#include "hv/fault.h"
#include "hv/guest/apic.h"
#include "hv/guest/bios.h"
#include "hv/guest/devices.h"
#include "hv/guest/exits.h"
#include "hv/guest/mmio.h"
#include "hv/guest/msr.h"
#include "hv/guest/ports.h"
#include "hv/log.h"
#include "hv/mem/gmem.h"
#include "hv/mem/npt.h"
#include "hv/mem/pages.h"
#include "hv/mem/paging.h"
#include "hv/model.h"
#include "hv/panic.h"
#include "hv/pci.h"
#include "hv/platform.h"
#include "hv/screen.h"
#include "hv/wake.h"

#define BDA_EBDA		0x40eu	/* BIOS data area: segment of the EBDA */
#define FIRMWARE_END		(UINT64_C(1) << 32)
#define START_WINDOW		2u	/* of the boot processor's */
#define AP_PAGE			0x8000u	/* free between the firmware and the guest */
#define WAKE_IDLE_HZ		1u
#define VGA_TEXT		0xb8000u

#ifndef ON_FAILURE			/* configure --with-on-failure */
#define ON_FAILURE		FAILURE_HALT
#endif

struct boot_info boot;
/* What the image was built with; the command line may tighten it. */
struct options options = { .log = LOG_INFO, .on_failure = ON_FAILURE, .tick = WAKE_IDLE_HZ,
			   .bounce_mib = OPTIONS_BOUNCE };
uint8_t start_stack[START_STACK] __attribute__((aligned(PAGE_SIZE)));

static bool read_physical(void *host, uint64_t at, void *to, uint32_t len)
{
	for (uint32_t done = 0, n; done < len; done += n) {
		uint64_t a = at + done;
		const uint8_t *page;

		if (a >= FIRMWARE_END || (a >= boot.start.a && a - boot.start.a < boot.len))
			return false;
		n = PAGE_SIZE - (uint32_t)(a % PAGE_SIZE);
		n = n < len - done ? n : len - done;
		page = window_map(START_WINDOW, (hpa_t){ a }, WINDOW_RAM_READ);
		memcpy((uint8_t *)to + done, page + a % PAGE_SIZE, n);
	}
	window_unmap(START_WINDOW);
	return true;
}

/* One byte at a time is all that is asked for. */
static bool write_physical(void *host, uint64_t at, const void *from, uint32_t len)
{
	uint8_t was;

	if (len != 1 || !read_physical(host, at, &was, 1))
		return false;
	memcpy((uint8_t *)window_map(START_WINDOW, (hpa_t){ at }, WINDOW_RAM) + at % PAGE_SIZE, from, 1);
	window_unmap(START_WINDOW);
	return true;
}

static void firmware_tables(struct acpi_report *r, struct platform *p)
{
	const struct acpi_memory m = { NULL, read_physical, write_physical };
	uint16_t ebda = 0;

	read_physical(NULL, BDA_EBDA, &ebda, sizeof(ebda));
	if (!acpi_hide(&m, ebda, r))
		log_line("acpi: no tables");
	else
		log_line("acpi: %u tables, hidden: %u of IOMMUs, %u sleep states; %u broken", r->tables,
			 r->iommus, r->sleeps, r->broken);
	platform_read(&m, ebda, p);
}

void start(void)
{
	struct acpi_report acpi;
	struct platform platform;
	const char *why;

	stack_guard_init();
	log_line("hypervisor at %llx, %llu KiB", (unsigned long long)boot.start.a,
		 (unsigned long long)boot.len / 1024);
	pages_init(boot.free, (hpa_t){ boot.start.a + boot.len });
	paging_init(&boot);
	paging_enter();
	paging_guard(start_stack);
	screen_at(device_map((hpa_t){ VGA_TEXT }, 1));
	exceptions_init();
	gmem_init(&boot);
	enforce_init();
	why = svm_ops.probe();
	if (why)
		fail("%s", why);
	pass_is_over();
	mmio_init();
	svm_ops.create(&cpus[0].vcpu, npt_root());
	svm_ops.enable(&cpus[0].vcpu);
	log_line("processors start and stop by their trapped local APIC%s",
		 svm_ops.keeps_init() ? "; R_INIT is there and not used, since no machine was at hand to try it" :
		 "; this processor has no R_INIT");
	msr_init();
	firmware_tables(&acpi, &platform);
	pci_init(&options);
	disk_init(&options);
	model_init(&cpus[0].vcpu);
	devices_init(&acpi);
	ports_init(&acpi);
	smp_init((gpa_t){ AP_PAGE }, &platform);
	apic_init();
	wake_init(&platform, options.tick);
	bios_start(&cpus[0].vcpu, &boot, (uint8_t)(FIRST_DISK + options.disk));
	log_line("%s, %u processor%s, %llu KiB left", svm_ops.name, cpu_count, cpu_count > 1 ? "s" : "", (unsigned long long)pages_left() * PAGE_SIZE / 1024);
	log_flush();
	fault_test(options.fault);
	guest_run(&cpus[0]);
}
