import * as zlib from "zlib";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const DEFLATED = 8;

/** One file of a zip. */
export interface ZipMember {
  readonly name: string;
  /** Its content; throws where the archive is damaged. */
  read(): Buffer;
}

/**
 * What a zip holds; undefined where the content is no zip. A lab's host may have no `unzip`, and a vendor's release is one file in
 * a plain zip: stored or deflated, below 4 GiB.
 *
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zipMembers(zip: Buffer): ZipMember[] | undefined {
  const end = zip.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || end + 22 > zip.length || zip.readUInt32LE(end) !== END) return undefined;
  const members: ZipMember[] = [];
  let at = zip.readUInt32LE(end + 16);
  for (let count = zip.readUInt16LE(end + 10); count > 0; count--) {
    if (at + 46 > zip.length || zip.readUInt32LE(at) !== ENTRY) return undefined;
    const name = zip.toString("utf8", at + 46, at + 46 + zip.readUInt16LE(at + 28));
    const [method, packed, size] = [zip.readUInt16LE(at + 10), zip.readUInt32LE(at + 20), zip.readUInt32LE(at + 24)];
    const local = zip.readUInt32LE(at + 42);
    members.push({ name, read: () => content(zip, { local, method, packed, size }) });
    at += 46 + zip.readUInt16LE(at + 28) + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
  }
  return members;
}

function content(zip: Buffer, place: { local: number; method: number; packed: number; size: number }): Buffer {
  const { local, method, packed, size } = place;
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const data = zip.subarray(start, start + packed);
  const plain = method === DEFLATED ? zlib.inflateRawSync(data) : data;
  if (plain.length !== size) throw new Error(`${plain.length} bytes instead of ${size}`);
  return plain;
}
