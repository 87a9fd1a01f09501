import { MINUTES } from "./waiting";

// A test without a deadline of its own: machines may be busy with other things.
jest.setTimeout(2 * MINUTES);
