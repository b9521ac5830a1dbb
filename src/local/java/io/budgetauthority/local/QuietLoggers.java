package io.budgetauthority.local;

import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;

/// The loggers of the servers in the local build. Only their warnings are useful.
final class QuietLoggers {

  static final List<String> NAMES =
      List.of(
          "com.robothy",
          "io.netty",
          "org.apache.http",
          "org.apache.pekko",
          "org.elasticmq",
          "software.amazon.awssdk");

  // The list keeps them, because a logger that nobody refers to loses its level.
  private static final List<Logger> LOGGERS = NAMES.stream().map(Logger::getLogger).toList();

  /// A logger that reports every missing object as an error. The client gets that answer anyway.
  static final Logger MISSING_OBJECTS =
      Logger.getLogger("com.robothy.netty.codec.HttpMessageHandler");

  private QuietLoggers() {}

  /// Sets the levels now, before the service configures its logging.
  static void silence() {
    LOGGERS.forEach(logger -> logger.setLevel(Level.WARNING));
    MISSING_OBJECTS.setLevel(Level.OFF);
  }
}
