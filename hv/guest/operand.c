/*
 * operand.c - a memory operand: translated as a whole first, then moved once
 */
#include "hv/guest/alu.h"
#include "hv/guest/operand.h"
#include "hv/guest/segment.h"
#include "hv/guest/walk.h"

static int map_part(const struct guest_cpu *cpu, const struct guest_bus *bus, uint64_t linear,
		    unsigned access, struct operand_part *part, struct guest_fault *fault)
{
	int status = guest_walk(cpu, bus, linear, access | walk_privilege(cpu), &part->gpa, fault);

	if (status == GUEST_OK)
		part->device = !bus->is_ram(bus->host, part->gpa);
	return status;
}

/*
 * Only the place in the page can be compared; that is enough where there is one operand: what else stands there now,
 * because another processor changed code or tables meanwhile, gets what the access got that was allowed.
 */
static bool was_found(const struct guest_cpu *cpu, uint64_t linear, unsigned size, unsigned access)
{
	return cpu->found && linear % PAGE_SIZE == cpu->found_at.a % PAGE_SIZE &&
	       size <= PAGE_SIZE - linear % PAGE_SIZE && (!(access & WALK_WRITE) || cpu->found_write);
}

int operand_map(const struct guest_cpu *cpu, const struct guest_bus *bus, enum seg seg,
		uint64_t offset, unsigned size, unsigned access, struct operand *operand,
		struct guest_fault *fault)
{
	struct operand_part *part = operand->part;
	uint64_t linear;
	unsigned rest;
	int status;

	status = guest_linear(cpu, seg, offset, size, access, &linear, fault);
	if (status)
		return status;
	if (was_found(cpu, linear, size, access)) {
		guest_walk_keep(cpu, linear, (cpu->found_write ? WALK_WRITE : 0) | walk_privilege(cpu), cpu->found_at);
		*operand = (struct operand) {
			.part[0] = { cpu->found_at, size, !bus->is_ram(bus->host, cpu->found_at) }, .linear = linear,
		};
		return GUEST_OK;
	}
	rest = PAGE_SIZE - linear % PAGE_SIZE;
	*operand = (struct operand) { .part[0].size = size < rest ? size : rest, .linear = linear };
	part[1].size = size - part[0].size;
	status = map_part(cpu, bus, linear, access, &part[0], fault);
	if (status || !part[1].size)
		return status;
	linear = guest_linear_add(cpu, linear, part[0].size);
	return map_part(cpu, bus, linear, access, &part[1], fault);
}

bool operand_on_device(const struct operand *operand)
{
	return operand->part[0].device || operand->part[1].device;
}

/* The largest natural access at @gpa that has no more than @size bytes. */
static unsigned natural(gpa_t gpa, unsigned size)
{
	unsigned step = 8;

	while (step > size || gpa.a & (step - 1))
		step /= 2;
	return step;
}

static uint64_t device_read(const struct guest_bus *bus, const struct operand_part *part)
{
	uint64_t value = 0;

	for (unsigned at = 0, step; at < part->size; at += step) {
		const gpa_t gpa = { part->gpa.a + at };
		uint64_t piece = 0;

		step = natural(gpa, part->size - at);
		bus->mmio(bus->host, gpa, step, false, &piece);
		value |= (piece & alu_mask(step)) << (8 * at);
	}
	return value;
}

static void device_write(const struct guest_bus *bus, const struct operand_part *part,
			 uint64_t value)
{
	for (unsigned at = 0, step; at < part->size; at += step) {
		const gpa_t gpa = { part->gpa.a + at };
		uint64_t piece;

		step = natural(gpa, part->size - at);
		piece = value >> (8 * at) & alu_mask(step);
		bus->mmio(bus->host, gpa, step, true, &piece);
	}
}

static uint64_t part_read(const struct guest_bus *bus, const struct operand_part *part)
{
	uint64_t value = 0;

	if (part->device)
		return device_read(bus, part);
	/* no longer RAM: nothing answers */
	if (!bus->read(bus->host, part->gpa, &value, part->size))
		return alu_mask(part->size);
	return value;
}

static void part_write(const struct guest_bus *bus, const struct operand_part *part, uint64_t value)
{
	if (part->device)
		device_write(bus, part, value);
	else	/* where it is no longer RAM, nobody listens */
		(void)bus->write(bus->host, part->gpa, &value, part->size);
}

uint64_t operand_read(const struct guest_bus *bus, const struct operand *operand)
{
	const struct operand_part *low = operand->part, *high = low + 1;
	uint64_t value = part_read(bus, low);

	if (high->size)
		value |= part_read(bus, high) << (8 * low->size);
	return value;
}

void operand_write(const struct guest_bus *bus, const struct operand *operand, uint64_t value)
{
	const struct operand_part *low = operand->part, *high = low + 1;

	part_write(bus, low, value);
	if (high->size)
		part_write(bus, high, value >> (8 * low->size));
}
