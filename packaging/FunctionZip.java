import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/// Writes a function's zip again with its libraries stored instead of deflated, so that each is
/// deflated as a whole: classes of one library have much in common, and the zip is a quarter
/// smaller. Unpacked, classes are then read without inflating them, which a cold start feels. The
/// same classes give the same bytes. What only builders read is left out.
///
/// Run by the build: `java packaging/FunctionZip.java <zip that Quarkus made> <zip to deploy>`
public final class FunctionZip {

  private static final LocalDateTime THEN = LocalDateTime.of(1980, 1, 1, 0, 0);

  /// What only builders read: Maven's, and that of native executables, which have no libraries.
  private static final List<String> OF_BUILDS =
      List.of("META-INF/maven/", "META-INF/native-image/");

  public static void main(String[] arguments) throws IOException {
    Path from = Path.of(arguments[0]);
    Path to = Path.of(arguments[1]);
    Files.createDirectories(to.toAbsolutePath().getParent());
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(from));
        ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
      out.setLevel(Deflater.BEST_COMPRESSION);
      for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
        if (!entry.isDirectory()) {
          out.putNextEntry(entry(entry.getName()));
          out.write(entry.getName().endsWith(".jar") ? stored(in) : in.readAllBytes());
        }
      }
    }
    keepExecutable(from, to);
    System.out.printf(
        "%s: %,d bytes (%,d before its libraries were stored)%n",
        to, Files.size(to), Files.size(from));
  }

  /// A stream of entries knows no permissions; Lambda starts a native function's `bootstrap` as it
  /// comes.
  private static void keepExecutable(Path from, Path to) throws IOException {
    List<String> executable = new ArrayList<>();
    try (FileSystem zip = withPermissions(from);
        Stream<Path> files = Files.walk(zip.getPath("/"))) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        if (Files.getPosixFilePermissions(file).contains(PosixFilePermission.OWNER_EXECUTE)) {
          executable.add(file.toString());
        }
      }
    }
    if (!executable.isEmpty()) {
      try (FileSystem zip = withPermissions(to)) {
        for (String file : executable) {
          Files.setPosixFilePermissions(
              zip.getPath(file), PosixFilePermissions.fromString("rwxr-xr-x"));
        }
      }
    }
  }

  private static FileSystem withPermissions(Path zip) throws IOException {
    return FileSystems.newFileSystem(
        zip, Map.of("enablePosixFileAttributes", true, "defaultPermissions", "rw-r--r--"));
  }

  private static byte[] stored(InputStream jar) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      copyStored(new ZipInputStream(new ByteArrayInputStream(jar.readAllBytes())), out);
    }
    return bytes.toByteArray();
  }

  private static void copyStored(ZipInputStream in, ZipOutputStream out) throws IOException {
    out.setMethod(ZipOutputStream.STORED);
    for (ZipEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
      if (OF_BUILDS.stream().anyMatch(entry.getName()::startsWith)) {
        continue;
      }
      byte[] content = entry.isDirectory() ? new byte[0] : in.readAllBytes();
      CRC32 sum = new CRC32();
      sum.update(content);
      ZipEntry stored = entry(entry.getName());
      stored.setSize(content.length);
      stored.setCrc(sum.getValue());
      out.putNextEntry(stored);
      out.write(content);
    }
  }

  private static ZipEntry entry(String name) {
    ZipEntry entry = new ZipEntry(name);
    entry.setTimeLocal(THEN);
    return entry;
  }
}
