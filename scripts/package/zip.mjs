// @ts-check
/** The list of files in a ZIP archive (APPNOTE 4.3), which is what a VSIX is. */

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;

/**
 * @typedef {object} ZipEntry
 * @property {string} name
 * @property {number} packed Bytes in the archive.
 * @property {number} bytes Bytes when unpacked.
 */

/**
 * The files of an archive without ZIP64 extensions; throws for what is no such archive.
 * @param {Buffer} archive
 * @returns {ZipEntry[]}
 */
export function listZip(archive) {
  const mark = Buffer.alloc(4);
  mark.writeUInt32LE(END_OF_DIRECTORY);
  const end = archive.lastIndexOf(mark);
  if (end < 0) throw new Error('This is no ZIP archive.');
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  return Array.from({ length: count }, () => {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('The archive is damaged.');
    const nameLength = archive.readUInt16LE(at + 28);
    const rest = archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    const entry = {
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
      packed: archive.readUInt32LE(at + 20),
      bytes: archive.readUInt32LE(at + 24),
    };
    at += 46 + nameLength + rest;
    return entry;
  });
}
