/** Where virtual addresses and routes are listed, one a line. */
export const ADDRESS_FILE = "/etc/vipstack/addresses";

/** The unit that gives a machine its virtual addresses and routes; rules come after it. */
export const ADDRESSES_UNIT = "vipstack-addresses.service";
