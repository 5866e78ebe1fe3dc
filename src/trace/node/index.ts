/** `smbkit/trace/node`: what Node does for the analyser, which by itself needs nothing of it. */
export { inTimeOrder, readCapture } from './capture-files.ts'
export { nodeCiphers } from './ciphers.ts'
