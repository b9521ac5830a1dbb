package io.budgetauthority.local;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/// The loggers of the servers in the local build, of which only warnings are worth a reader's line.
final class QuietLoggers {

  static final List<String> NAMES =
      List.of(
          "com.robothy",
          "io.netty",
          "org.apache.http",
          "org.apache.pekko",
          "org.elasticmq",
          "software.amazon.awssdk");

  // Held, since a logger that nobody holds forgets its level.
  private static final List<Logger> LOGGERS = NAMES.stream().map(Logger::getLogger).toList();

  /// Tells of every object that is not there as of an error; the client hears of it anyway.
  static final Logger MISSING_OBJECTS =
      Logger.getLogger("com.robothy.netty.codec.HttpMessageHandler");

  private QuietLoggers() {}

  /// Silences them now, before the service configures its logging.
  static void silence() {
    LOGGERS.forEach(logger -> logger.setLevel(Level.WARNING));
    MISSING_OBJECTS.setLevel(Level.OFF);
  }
}
