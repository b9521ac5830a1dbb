package io.budgetauthority.local;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The folder in which a local cloud stores its files. One service at a time may use a folder. A
/// temporary folder is removed when it is closed.
///
/// @param lock the lock that keeps a second service out; empty for a temporary folder, which no
///   other service knows
record DataFolder(Path path, Optional<FileLockHeld> lock) implements AutoCloseable {

  private static final Duration TIMEOUT = Duration.ofSeconds(1);

  static DataFolder open(Optional<Path> folder) throws IOException, InterruptedException {
    if (folder.isEmpty()) {
      return new DataFolder(Files.createTempDirectory("budget-authority-"), Optional.empty());
    }
    Path path = folder.get().toAbsolutePath().normalize();
    Optional<FileLockHeld> lock = FileLockHeld.take(path.resolve("lock"), TIMEOUT);
    if (lock.isEmpty()) {
      throw new LocalCloudUnavailable(
          "Another service is using "
              + path
              + ": stop it, or set BUDGET_LOCAL_DATA to another folder or to memory.");
    }
    return new DataFolder(path, lock);
  }

  boolean isTemporary() {
    return lock.isEmpty();
  }

  Path database() {
    return path.resolve("dynamodb.sqlite");
  }

  Path objects() {
    return path.resolve("s3");
  }

  @Override
  public void close() throws IOException {
    if (lock.isPresent()) {
      lock.get().close();
    } else {
      remove(path);
    }
  }

  /// Removes a folder and its content. It ignores files that another process removes at the same
  /// time.
  static void remove(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure)
              throws IOException {
            if (failure instanceof NoSuchFileException) {
              return FileVisitResult.CONTINUE;
            }
            throw failure;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            Files.deleteIfExists(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
