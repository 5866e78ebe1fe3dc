/** What somebody may not do, whatever way they take to it (MS-FSA 2.1.5.1.2, 2.1.5.15). */
import { AccessMask, encodeSecurityDescriptor, parseSddl } from '../../src/wire/dtyp/index.ts'
import {
  DispositionFlags,
  FileAttributes,
  FileDispositionInformation,
  FileDispositionInformationEx,
  FileInformationClass,
  FileLinkInformation,
  FileRenameInformation,
} from '../../src/wire/fscc/index.ts'
import { AdditionalInformation, CreateDisposition, CreateOptions, InfoType } from '../../src/wire/smb2/index.ts'
import { OTHER } from './client.ts'
import { close, create, openDirectory, setInfo, tryCreate } from './files.ts'
import { scenario, statusIs, succeeded, type World } from './world.ts'

const FULL_ACCESS = 0x001f_01ff
const { OPEN, OPEN_IF, OVERWRITE_IF } = CreateDisposition

/** The tester, whose file `secret` has this list; and somebody else. */
async function withSecret(world: World, dacl: string) {
  const client = await world.client()
  const file = await create(client, { name: 'secret', desiredAccess: FULL_ACCESS })
  const parts = { infoType: InfoType.SECURITY, additionalInformation: AdditionalInformation.DACL }
  succeeded(await setInfo(client, file, 0, encodeSecurityDescriptor(parseSddl(dacl)), parts))
  succeeded(await close(client, file))
  return { client, other: await world.client(OTHER) }
}

scenario('a new stream of a file is for who may write the file, and gives no other right to it', {}, async (world) => {
  // Everybody reads, nobody else does anything.
  const { client, other } = await withSecret(world, 'D:P(A;;0x1200a9;;;WD)')
  for (const desiredAccess of [
    FULL_ACCESS,
    AccessMask.WRITE_DAC,
    AccessMask.FILE_WRITE_DATA,
    AccessMask.FILE_READ_DATA,
  ])
    for (const createDisposition of [OPEN_IF, OVERWRITE_IF, CreateDisposition.CREATE])
      statusIs(await tryCreate(other, { name: 'secret:new', desiredAccess, createDisposition }), 'STATUS_ACCESS_DENIED')
  // Nothing is left of what was tried.
  statusIs(await tryCreate(client, { name: 'secret:new', createDisposition: OPEN }), 'STATUS_OBJECT_NAME_NOT_FOUND')
})

scenario('a new stream of a file of one’s own, and of a new file', {}, async (world) => {
  const { other } = await withSecret(world, 'D:P(A;;0x1301bf;;;WD)')
  const stream = await create(other, { name: 'secret:new', desiredAccess: AccessMask.FILE_READ_DATA })
  succeeded(await close(other, stream))
  statusIs(await tryCreate(other, { name: 'secret:next', desiredAccess: FULL_ACCESS }), 'STATUS_ACCESS_DENIED')
  succeeded(await close(other, await create(other, { name: 'new:stream', desiredAccess: FULL_ACCESS })))
})

scenario('a file that is about to go gets no new streams', { files: { a: '' } }, async (world) => {
  const client = await world.client()
  const file = await create(client, { name: 'a' })
  const { FileDispositionInformation: disposition } = FileInformationClass
  succeeded(await setInfo(client, file, disposition, FileDispositionInformation.encode({ deletePending: true })))
  statusIs(await tryCreate(client, { name: 'a:new' }), 'STATUS_DELETE_PENDING')
})

scenario(
  'a rename or link replaces only what its user may delete',
  { files: { mine: 'mine', common: '' } },
  async (world) => {
    // The directory lets everybody add files, and lets nobody delete.
    const { other } = await withSecret(world, 'D:P(A;;0x1200a9;;;WD)')
    await guardRoot(world)
    const source = await create(other, { name: 'mine' })
    const target = { fileName: 'secret', replaceIfExists: true }
    const { FileLinkInformation: linkClass, FileRenameInformation: renameClass } = FileInformationClass
    statusIs(await setInfo(other, source, renameClass, FileRenameInformation.encode(target)), 'STATUS_ACCESS_DENIED')
    statusIs(await setInfo(other, source, linkClass, FileLinkInformation.encode(target)), 'STATUS_ACCESS_DENIED')
    succeeded(
      await setInfo(
        other,
        source,
        renameClass,
        FileRenameInformation.encode({ fileName: 'common', replaceIfExists: true }),
      ),
    )
  },
)

/** The root of the share lets everybody add files to it, not delete what is in it. */
async function guardRoot(world: World): Promise<void> {
  const client = await world.client()
  const file = await create(client, {
    name: '',
    createOptions: CreateOptions.DIRECTORY_FILE,
    desiredAccess: FULL_ACCESS,
  })
  const parts = { infoType: InfoType.SECURITY, additionalInformation: AdditionalInformation.DACL }
  const list = encodeSecurityDescriptor(parseSddl('D:P(A;;0x1201bf;;;WD)'))
  succeeded(await setInfo(client, file, 0, list, parts))
  succeeded(await close(client, file))
}

scenario('deleting on close can be asked for later only where it could have been in CREATE', {}, async (world) => {
  const client = await world.client()
  const { FileDispositionInformationEx: disposition } = FileInformationClass
  const flags = DispositionFlags.DELETE | DispositionFlags.ON_CLOSE
  const onClose = FileDispositionInformationEx.encode({ flags })
  const root = await openDirectory(client, '')
  statusIs(await setInfo(client, root, disposition, onClose), 'STATUS_CANNOT_DELETE')
  const guarded = await create(client, { name: 'guarded', fileAttributes: FileAttributes.READONLY })
  statusIs(await setInfo(client, guarded, disposition, onClose), 'STATUS_CANNOT_DELETE')
  succeeded(await close(client, guarded))
  succeeded(await close(client, await create(client, { name: 'guarded', createDisposition: OPEN, desiredAccess: 1 })))
})
