"""A memory behind an AXI4 master of Bambu, for our test bench in C++.

Each array has a memory of its own at an address of its own. It is ready, and answers, after 0 to 3
clocks by chance; what it answers holds until it is taken, and its data are garbage at any other
time. A master that takes a request back or changes it before it is taken, asks for a burst, or
writes outside its array is at fault, and the simulation ends there.
"""

from __future__ import annotations

from hls.ckernel.kernel import Argument

BASE = 0x10000
"""Address of the first array; each further one lies this much higher."""

SIGNALS = ("arvalid", "araddr", "arlen", "arready", "rready", "rvalid", "rdata", "rresp", "rlast",
           "awvalid", "awaddr", "awlen", "awready", "wvalid", "wdata", "wstrb", "wready",
           "bready", "bvalid", "bresp")  # fmt: skip
"""The signals that the memory has to do with; others are identities, hints and users' bits."""

MEMORY = """\

// What a master asks on one of its channels, and whether it keeps to it until that is taken.
struct Channel {
    bool asked = false;
    uint64_t what = 0;
    bool broken(bool valid, uint64_t now, bool ready) {
        const bool wrong = asked && (!valid || now != what);
        asked = valid && !ready;
        what = now;
        return wrong;
    }
};

struct AxiMemory {
    uint64_t base, length, bytes, seed;
    Channel asks, tells, gives;
    bool reading = false, told = false, given = false, takes_read = false, takes_address = false,
         takes_data = false, answers = false, done = false;
    uint64_t from = 0, to = 0, data = 0, strobe = 0, wait = 0, pause = 0;

    uint64_t chance() {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        return seed >> 62;
    }
    uint64_t *at(uint64_t *cells, uint64_t address) {
        const bool inside = address >= base && address < base + length * bytes;
        return inside && (address - base) % bytes == 0 ? cells + (address - base) / bytes : nullptr;
    }
    // What is wrong with the master, or null.
    const char *read(bool valid, uint64_t address, uint64_t burst, bool ready) {
        if (asks.broken(valid, address, takes_read)) return "a read changed before it was taken";
        if (answers && ready) answers = reading = false;
        if (valid && takes_read) {
            if (burst != 0) return "a burst";
            reading = true;
            from = address;
            wait = chance();
        }
        return nullptr;
    }
    const char *write(uint64_t *cells, bool valid, uint64_t address, uint64_t burst, bool has,
                      uint64_t word, uint64_t lanes, bool ready) {
        if (tells.broken(valid, address, takes_address))
            return "a write's address changed before it was taken";
        if (gives.broken(has, word << 8 | lanes, takes_data))
            return "a write's data changed before they were taken";
        if (done && ready) done = told = given = false;
        if (valid && takes_address) {
            if (burst != 0) return "a burst";
            told = true;
            to = address;
        }
        if (has && takes_data) {
            given = true;
            data = word;
            strobe = lanes;
        }
        if (told && given && (takes_address || takes_data)) {
            uint64_t *const cell = at(cells, to);
            if (cell == nullptr) return "a write outside its array";
            if (strobe != (1ull << bytes) - 1) return "a write of part of an element";
            *cell = data;
            pause = chance();
        }
        return nullptr;
    }
    void move() {
        if (reading && !answers) answers = wait == 0 || wait-- == 0;
        if (told && given && !done) done = pause == 0 || pause-- == 0;
        takes_read = !reading && chance() > 1;
        takes_address = !told && chance() > 1;
        takes_data = !given && chance() > 1;
    }
};
"""

BEFORE = """\
    if (dut->reset) {{
        fault = axi_{name}.read(dut->{p}arvalid, dut->{p}araddr, dut->{p}arlen, dut->{p}rready);
        if (!fault)
            fault = axi_{name}.write({memory}, dut->{p}awvalid, dut->{p}awaddr, dut->{p}awlen,
                                     dut->{p}wvalid, dut->{p}wdata, dut->{p}wstrb, dut->{p}bready);
        if (fault) {{
            std::printf("AXI of {name}: %s\\n", fault);
            std::exit(3);
        }}
        axi_{name}.move();
    }}
"""

AFTER = """\
    dut->{p}arready = axi_{name}.takes_read;
    dut->{p}awready = axi_{name}.takes_address;
    dut->{p}wready = axi_{name}.takes_data;
    dut->{p}rvalid = axi_{name}.answers;
    dut->{p}rlast = axi_{name}.answers;
    dut->{p}bvalid = axi_{name}.done;
    {{
        uint64_t *const cell = axi_{name}.at({memory}, axi_{name}.from);
        dut->{p}rdata = (axi_{name}.answers && cell ? *cell : garbage) & 0x{mask:x}ull;
    }}
"""


def prefix(argument: Argument) -> str:
    """Return how the names of the signals of an array's master begin."""
    return f"m_axi_{argument.name}_"


def declare(argument: Argument, number: int) -> str:
    """Return the memory of an array, the `number`-th argument."""
    base, size = BASE * (number + 1), argument.bits // 8
    values = f"0x{base:x}, {argument.length}, {size}, {number + 1}"
    return f"static AxiMemory axi_{argument.name}{{{values}}};\n"


def before(argument: Argument, memory: str) -> str:
    """Return what the memory does at an edge."""
    return BEFORE.format(name=argument.name, p=prefix(argument), memory=memory)


def after(argument: Argument, memory: str) -> str:
    """Return what it drives after the edge."""
    mask = (1 << argument.bits) - 1
    return AFTER.format(name=argument.name, p=prefix(argument), memory=memory, mask=mask)
