package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// What may not be in a zip that is deployed.
final class Zips {

  private static final Pattern LOCAL =
      Pattern.compile(
          "elasticmq|local-s3|netty-http-router|sqlite|pekko|io/budgetauthority/local"
              + "|netty-nio-client|url-connection-client|aws-crt");

  /// What a package for a JVM does without, and a native build links.
  private static final String COMPRESSION = "brotli";

  private Zips() {}

  /// Names of what no package for a JVM has.
  static List<String> unusedEntries(Path zip) throws IOException {
    try (ZipFile file = new ZipFile(zip.toFile())) {
      return file.stream().map(ZipEntry::getName).filter(Zips::isUnused).toList();
    }
  }

  /// A zip's content, with the permissions that it states; what states none is read by all.
  static FileSystem open(Path zip) throws IOException {
    return FileSystems.newFileSystem(
        zip, Map.of("enablePosixFileAttributes", true, "defaultPermissions", "rw-r--r--"));
  }

  /// Fails unless a zip is as small as it should be, and has what its form is started by and
  /// nothing of the local servers.
  static void requireDeployable(Path zip, Form form) throws IOException {
    assertThat(Files.size(zip)).as(Files.size(zip) + " bytes").isLessThan(form.maximumZipBytes());
    assertThat(unusedEntries(zip)).isEmpty();
    if (form == Form.NATIVE) {
      try (FileSystem content = open(zip);
          Stream<Path> files = Files.walk(content.getPath("/"))) {
        List<Path> executables = files.filter(Files::isRegularFile).toList();
        assertThat(executables.toString()).isEqualTo("[/bootstrap]");
        assertThat(
                PosixFilePermissions.toString(
                    Files.getPosixFilePermissions(executables.getFirst())))
            .isEqualTo("rwxr-xr-x");
      }
    }
  }

  static boolean isUnused(String name) {
    return isOfTheLocalBuild(name) || name.contains(COMPRESSION);
  }

  /// Whether a name belongs to the local build, or to a client that is not used.
  static boolean isOfTheLocalBuild(String name) {
    return LOCAL.matcher(name).find();
  }
}
