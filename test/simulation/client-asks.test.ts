/** What the client asks for, and no more than that. */
import assert from 'node:assert/strict'
import { viewOf } from '../../src/bytes/utf16.ts'
import { Command, QueryDirectoryRequest, SMB2_HEADER_SIZE, Smb2Header } from '../../src/wire/smb2/index.ts'
import { Asker } from './asker.ts'
import { scenario } from './world.ts'

scenario(
  'a folder is listed in one round trip, a large one by answers that grow, and behind its end nothing is asked for',
  { files: { ...filesIn('small', 3), ...filesIn('large', 6000) } },
  async (world) => {
    const one = await Asker.connect(world)
    const rooms: number[] = []
    one.saw = (request) => {
      const view = viewOf(request)
      if (Smb2Header.decode(view).command !== Command.QUERY_DIRECTORY) return
      rooms.push(QueryDirectoryRequest.decode(view, SMB2_HEADER_SIZE, request.length, 0).outputBufferLength / 1024)
    }
    const list = async (path: string): Promise<string[]> => {
      const names: string[] = []
      for await (const { name } of await one.share.opendir(path)) names.push(name)
      return names
    }
    const small = await one.asks(() => list('small'))
    assert.deepEqual(small, ['CREATE', 'QUERY_DIRECTORY', 'QUERY_DIRECTORY', 'CLOSE'])
    assert.deepEqual(rooms.splice(0), [64, 64])
    const names = await one.do(list('large'))
    assert.equal(new Set(names).size, 6000)
    assert.equal(names.length, 6000)
    assert.deepEqual(rooms, [64, 64, 128, 256, 256, 256, 256, 256].slice(0, rooms.length))
    assert.ok(rooms.length > 3)
    await one.do(one.client.close())
  },
)

scenario('a file that rests is closed once when its client ends', { files: { a: 'content' } }, async (world) => {
  const one = await Asker.connect(world)
  for (let time = 0; time < 2; time++) await one.do(one.share.readFile('a'))
  const asked = await one.asks(() => one.client.close())
  assert.equal(asked.filter((command) => command === 'CLOSE').length, 1)
})

function filesIn(folder: string, count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, i) => [`${folder}/file ${i}`, '']))
}
