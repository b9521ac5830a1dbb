package io.budgetauthority.deploy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/// What may not be in a zip that is deployed.
final class Zips {

  private static final Pattern LOCAL =
      Pattern.compile(
          "elasticmq|local-s3|netty-http-router|sqlite|pekko|io/budgetauthority/local|brotli"
              + "|netty-nio-client|url-connection-client|aws-crt");

  private Zips() {}

  /// Names of what belongs to the local build, or to a client that is not used.
  static List<String> entriesOfTheLocalBuild(Path zip) throws IOException {
    try (ZipFile file = new ZipFile(zip.toFile())) {
      return file.stream().map(ZipEntry::getName).filter(Zips::isOfTheLocalBuild).toList();
    }
  }

  static boolean isOfTheLocalBuild(String name) {
    return LOCAL.matcher(name).find();
  }
}
