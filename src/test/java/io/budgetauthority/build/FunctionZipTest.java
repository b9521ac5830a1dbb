package io.budgetauthority.build;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a function's zip is written to once more.
class FunctionZipTest {

  @TempDir Path folder = Path.of("unset");

  /// Lambda starts a native function's `bootstrap` as it comes.
  @Test
  void whenAZipIsWrittenAgain_permissionsAreKept() throws Exception {
    Path from = folder.resolve("function.zip");
    Path to = folder.resolve("function-api.zip");
    try (FileSystem zip = open(from, true)) {
      for (String name : new String[] {"bootstrap", "cacerts"}) {
        Files.writeString(zip.getPath(name), name);
      }
      Files.setPosixFilePermissions(
          zip.getPath("bootstrap"), PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.setPosixFilePermissions(
          zip.getPath("cacerts"), PosixFilePermissions.fromString("rw-r--r--"));
    }
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                Path.of("packaging", "FunctionZip.java").toString(),
                from.toString(),
                to.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isEqualTo(0);
    try (FileSystem zip = open(to, false)) {
      assertThat(Files.readString(zip.getPath("bootstrap"))).isEqualTo("bootstrap");
      assertThat(permissions(zip, "bootstrap")).isEqualTo("rwxr-xr-x");
      assertThat(permissions(zip, "cacerts")).isEqualTo("rw-r--r--");
    }
  }

  private static String permissions(FileSystem zip, String name) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(zip.getPath(name)));
  }

  private static FileSystem open(Path zip, boolean create) throws IOException {
    return FileSystems.newFileSystem(
        URI.create("jar:" + zip.toUri()),
        Map.of(
            "create",
            create,
            "enablePosixFileAttributes",
            true,
            "defaultPermissions",
            "rw-r--r--"));
  }
}
