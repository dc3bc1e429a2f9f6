/*
 * sim_e1000_test.c - the driver on the simulated NIC itself, without a model: both do what the manuals say
 *
 * What is expected on the wire is built from scratch beside it (frames.c), so that the simulated NIC is a witness
 * and not an accomplice.
 */
#include <string.h>

#include "tests/devmodel/driver.h"
#include "tests/devmodel/frames.h"
#include "tests/devmodel/machine.h"
#include "tests/devmodel/tap.h"

static struct machine *m;
static struct driver d;
static uint8_t frame[SPEC_FRAME_MAX], wanted[SPEC_FRAME_MAX];

static void start(uint16_t device, const struct driver_config *c)
{
	m = machine_new(device, NULL);
	d = (struct driver){ .access = machine_access, .memory = machine_memory, .host = m };
	driver_start(&d, c);
}

static void end(void)
{
	tap_case(m->complaints == 0, "%s", m->complaint);
	tap_case(!d.bad_desc, "a descriptor that no device writes");
	machine_free(m);
}

static bool is_on_wire(uint32_t i, const uint8_t *bytes, uint32_t len)
{
	return i < m->wire.count && m->wire.at[i].len == len && !memcmp(m->wire.at[i].bytes, bytes, len);
}

/* What is sent with a seed for the device to go on from, is on the wire as if software had summed. */
static void test_sums(uint16_t device)
{
	struct driver_config c = { .high = true };

	start(device, &c);
	for (unsigned i = 0; i < 4; i++) {
		struct spec s = { .protocol = i & 1 ? 6 : 17, .six = i & 2, .payload = 777, .sums = SUMS_SEED };
		struct tx_context ctx = spec_context(&s, 0);
		struct driver_send how = { .data = true, .context = &ctx, .pieces = 3,
					   .popts = POPTS_TXSM | (s.six ? 0 : POPTS_IXSM) };
		uint32_t len = spec_build(&s, frame);

		tap_case(driver_send(&d, frame, len, &how), "send");
		machine_run(m, 1);
		s.sums = SUMS_DONE;
		spec_build(&s, wanted);
		tap_case(is_on_wire(i, wanted, len) && m->wire.at[i].fcs, "frame %u differs", i);
		tap_case(driver_reclaim(&d, 0) == 1, "frame %u is not reported", i);
	}
	end();
	tap_claim("sim %04x: checksums of IPv4, IPv6, TCP and UDP are inserted", device);
}

/* Each segment, built as a frame of its own. */
static void want_segment(struct spec s, uint32_t number, uint32_t at, uint32_t n, bool last)
{
	uint32_t l4 = s.six ? 54 : 34, seq = 0xfffff000 + at, len;
	uint8_t whole[8192];

	s.sums = SUMS_DONE;
	spec_build(&s, whole);
	s.payload = n;
	len = spec_build(&s, wanted);
	memcpy(wanted + len - n, whole + spec_headers(&s) + at, n);
	for (unsigned i = 0; i < 4; i++)
		wanted[l4 + 4 + i] = (uint8_t)(seq >> (24 - 8 * i));
	if (!last)
		wanted[l4 + 13] = 0x10;
	if (!s.six) {
		wanted[18] = 0x12;
		wanted[19] = (uint8_t)(0x34 + number);
	}
}

#include "tests/unit/sum.h"

static bool sums_are_right(const uint8_t *f, uint32_t len, bool six)
{
	uint32_t l4 = six ? 54 : 34, address = six ? 16 : 4;
	const uint8_t *src = f + (six ? 22 : 26);

	return (six || scratch_sum(0, f + 14, 20) == 0xffff) &&
	       scratch_transport(src, src + address, address, 6, f + l4, len - l4, len - l4) == 0xffff;
}

static void test_segments(uint16_t device, bool six)
{
	struct driver_config c = { 0 };
	struct spec s = { .protocol = 6, .six = six, .payload = 4001, .sums = SUMS_BURST };
	struct tx_context ctx = spec_context(&s, 1000);
	struct driver_send how = { .data = true, .context = &ctx, .pieces = 4, .burst = true,
				   .popts = POPTS_TXSM | (six ? 0 : POPTS_IXSM) };
	uint32_t headers = spec_headers(&s);

	start(device, &c);
	driver_send(&d, frame, spec_build(&s, frame), &how);
	machine_run(m, 1);
	tap_case(m->wire.count == 5, "%u frames", m->wire.count);
	for (uint32_t i = 0; i < m->wire.count; i++) {
		uint32_t n = i < 4 ? 1000 : 1, len = m->wire.at[i].len;
		uint8_t *got = m->wire.at[i].bytes, field = six ? 54 + 16 : 34 + 16;

		want_segment(s, i, i * 1000, n, i == 4);
		if (i == 4)	/* padded to 60 */
			len = headers + n;
		tap_case(len == headers + n && sums_are_right(got, len, six), "segment %u: length or sums", i);
		memset(got + field, 0, 2);
		memset(wanted + field, 0, 2);
		if (!six)
			memset(got + 24, 0, 2), memset(wanted + 24, 0, 2);
		tap_case(!memcmp(got, wanted, len), "segment %u", i);
	}
	tap_case(driver_reclaim(&d, 0) == 1, "the burst is not reported");
	end();
	tap_claim("sim %04x: a burst of IPv%c is cut in frames with headers and sums of their own", device, six ? '6' : '4');
}

static void test_legacy(void)
{
	struct driver_config c = { .vme = true, .tx_start = 62 };
	struct spec s = { .protocol = 17, .payload = 100 };
	struct driver_send how = { .pieces = 5, .tagged = true, .tag = 0x2005, .ic = true, .css = 34, .cso = 40 };
	uint32_t len;

	start(0x100e, &c);
	len = spec_build(&s, frame);
	/* the seed that makes the sum over datagram and pseudo-header */
	s.sums = SUMS_SEED;
	spec_build(&s, frame);
	s.sums = SUMS_DONE;
	spec_build(&s, wanted);
	memcpy(frame + 14, wanted + 14, 20);
	driver_send(&d, frame, len, &how);
	machine_run(m, 1);
	memmove(wanted + 16, wanted + 12, len - 12);
	memcpy(wanted + 12, "\x81\x00\x20\x05", 4);
	tap_case(is_on_wire(0, wanted, len + 4), "the frame differs");
	how.no_fcs = true;
	how.tagged = how.ic = false;
	driver_send(&d, frame, 40, &how);
	machine_run(m, 1);
	memset(frame + 40, 0, 20);
	tap_case(is_on_wire(1, frame, 60) && !m->wire.at[1].fcs, "the short frame differs");
	tap_case(driver_reclaim(&d, 0) == 2, "both are not reported");
	end();
	tap_claim("sim: legacy descriptors insert a checksum and a tag, a short frame is padded, and the ring goes round");
}

static bool get(uint32_t len)
{
	machine_run(m, 1);
	return driver_receive(&d) && d.frame.len == len && !memcmp(d.frame.bytes, wanted, len);
}

static void test_receive(uint16_t device, bool extended)
{
	struct driver_config c = { .extended = extended, .rx_buffer = 256, .rctl = RCTL_LPE, .rxcsum = 0x300, .rx_start = 3,
				   .ims = INT_RXT0 };
	struct spec s = { .protocol = 6, .payload = 9000 };
	uint32_t len;

	start(device, &c);
	s.station = d.address;
	len = spec_build(&s, wanted);
	for (unsigned i = 0; i < 10; i++) {
		uint32_t crc = 0xffffffff;

		tap_case(sim_e1000_receive(m->sim, wanted, len, false), "it is not stored");
		/* RFC 3385's: bit by bit */
		for (uint32_t k = 0; k < len; k++) {
			crc ^= wanted[k];
			for (int bit = 0; bit < 8; bit++)
				crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
		}
		for (unsigned k = 0; k < 4; k++)
			wanted[len + k] = (uint8_t)(~crc >> 8 * k);
		tap_case(get(len + 4), "frame %u differs", i);
		tap_case((d.frame.status & (RXD_TCPCS | RXD_IPCS | RXD_IXSM)) == (RXD_TCPCS | RXD_IPCS) && !d.frame.errors,
			 "status %x, errors %x", d.frame.status, d.frame.errors);
		tap_case(m->line && driver_read(&d, E1000_ICR) & INT_RXT0 && !m->line, "interrupt");
	}
	wanted[100] ^= 1;
	sim_e1000_receive(m->sim, wanted, len, false);
	machine_run(m, 1);
	tap_case(driver_receive(&d) && d.frame.errors == 0x20, "errors %x", d.frame.errors);
	end();
	tap_claim("sim %04x: long frames come in several buffers, %s descriptors, with check sequence and sums", device,
		  extended ? "extended" : "legacy");
}

static void test_ring_of_receive(void)
{
	struct driver_config c = { .rx_count = 8, .lazy = true, .vme = true, .rctl = RCTL_SECRC };
	struct spec s = { .protocol = 17, .payload = 100, .tagged = true, .tag = 0x123 };
	uint32_t len, n = 0;

	start(0x100e, &c);
	s.station = d.address;
	len = spec_build(&s, wanted);
	for (unsigned i = 0; i < 400; i++)
		sim_e1000_receive(m->sim, wanted, len, false);
	machine_run(m, 1);
	memmove(wanted + 12, wanted + 16, len - 16);
	for (n = 0; driver_receive(&d); n++)
		tap_case(d.frame.len == len - 4 && !memcmp(d.frame.bytes, wanted, len - 4) && d.frame.tag == 0x123 &&
			 d.frame.status & RXD_VP, "frame %u", n);
	tap_case(n == 7, "%u frames in a ring of 8", n);
	driver_refill(&d);
	machine_run(m, 1);
	for (n = 0; driver_receive(&d); n++)
		;
	tap_case(n == 7, "%u frames more", n);
	tap_case(driver_read(&d, 0x4010) == 400 - (48 << 10) / len, "frames beyond the packet buffer are counted");
	end();
	tap_claim("sim: a full ring holds frames back, and tags are stripped");
}

static void test_rest(uint16_t device)
{
	struct driver_config c = { .ims = INT_LSC };
	uint16_t sum = 0;
	uint32_t value = E1000_STATUS;

	start(device, &c);
	tap_case(!memcmp(d.address, sim_e1000_address(m->sim), 6), "the address");
	for (unsigned i = 0; i < 64; i++) {
		sum += driver_eerd(&d, i, device == 0x10d3);
		if (device != 0x10d3)
			tap_case(driver_eerd(&d, i, false) == driver_microwire(&d, i), "word %u: %x by EERD, %x by EECD", i,
				 driver_eerd(&d, i, false), driver_microwire(&d, i));
	}
	tap_case(sum == 0xbaba, "the NVM's sum is %x", sum);
	driver_write(&d, E1000_MDIC, 1u << 21 | 2u << 16 | 2u << 26);
	tap_case((driver_read(&d, E1000_MDIC) & 0x5000ffff) == 0x10000141, "MDIC %x", driver_read(&d, E1000_MDIC));
	driver_write(&d, E1000_ICS, INT_LSC);
	tap_case(m->line, "ICS raises the line");
	driver_write(&d, E1000_IMC, INT_LSC);
	tap_case(!m->line, "IMC takes it back");
	tap_case((driver_read(&d, E1000_STATUS) & 2) == 2, "link");
	machine_port(m, 0, 4, true, &value);
	machine_port(m, 4, 4, false, &value);
	tap_case(value == driver_read(&d, E1000_STATUS), "STATUS by the window");
	end();
	tap_claim("sim %04x: NVM, PHY, interrupt masks, link and I/O window answer", device);
}

int main(void)
{
	static const uint16_t devices[] = { 0x100e, 0x10d3 };

	for (unsigned i = 0; i < 2; i++) {
		test_sums(devices[i]);
		test_segments(devices[i], false);
		test_segments(devices[i], true);
		test_receive(devices[i], false);
		test_rest(devices[i]);
	}
	test_receive(0x10d3, true);
	test_legacy();
	test_ring_of_receive();
	return tap_end();
}
