import { memoryBackend } from '../../src/backends/memory/index.ts'
import { backendConformance } from './backend-conformance.ts'

const nothing = async (): Promise<void> => {}

backendConformance('memory', async () => ({ backend: memoryBackend(), dispose: nothing }), {
  makeSmall: async () => ({ backend: memoryBackend({ totalBytes: 2 ** 20 }), dispose: nothing }),
})
