package io.budgetauthority.local;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;

/// A lock file that this process holds, against other processes and against itself. The operating
/// system frees the lock when the process ends, however it ends. The file is not removed: otherwise
/// two processes could have the lock.
record FileLockHeld(FileChannel channel) implements AutoCloseable {

  private static final Duration PAUSE = Duration.ofMillis(20);

  /// Waits for the lock; empty if it did not become free within this time.
  static Optional<FileLockHeld> take(Path file, Duration patience)
      throws IOException, InterruptedException {
    Files.createDirectories(file.toAbsolutePath().getParent());
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    long giveUpAt = System.nanoTime() + patience.toNanos();
    try {
      while (!isLocked(channel)) {
        if (System.nanoTime() > giveUpAt) {
          channel.close();
          return Optional.empty();
        }
        Thread.sleep(PAUSE);
      }
    } catch (IOException | InterruptedException e) {
      channel.close();
      throw e;
    }
    return Optional.of(new FileLockHeld(channel));
  }

  private static boolean isLocked(FileChannel channel) throws IOException {
    try {
      FileLock lock = channel.tryLock();
      return lock != null;
    } catch (OverlappingFileLockException _) {
      return false;
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
