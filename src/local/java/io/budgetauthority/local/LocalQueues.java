package io.budgetauthority.local;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import java.net.URI;
import java.util.concurrent.TimeUnit;
import org.apache.pekko.actor.ActorSystem;
import org.elasticmq.rest.sqs.SQSRestServer;
import org.elasticmq.rest.sqs.SQSRestServerBuilder;

/// SQS in the local build: ElasticMQ in this process, on 127.0.0.1. Its messages are in memory and
/// end with the process. They are not stored, because ElasticMQ has one database for all servers of
/// a process.
final class LocalQueues implements AutoCloseable {

  private static final String SETTINGS =
      """
      pekko {
        loglevel = WARNING
        daemonic = on
        jvm-shutdown-hooks = off
        jvm-exit-on-fatal-error = off
        coordinated-shutdown.run-by-jvm-shutdown-hook = off
      }
      """;

  private final ActorSystem actors;
  private final SQSRestServer server;
  private final URI endpoint;

  private LocalQueues(ActorSystem actors, SQSRestServer server, URI endpoint) {
    this.actors = actors;
    this.server = server;
    this.endpoint = endpoint;
  }

  /// Starts the server and waits until it listens.
  ///
  /// @param port the port, or 0 for a free one
  static LocalQueues start(int port) {
    ClassLoader loader = LocalQueues.class.getClassLoader();
    Config config = ConfigFactory.parseString(SETTINGS).withFallback(ConfigFactory.load(loader));
    ActorSystem actors = ActorSystem.create("elasticmq", config, loader);
    try {
      SQSRestServer server =
          SQSRestServerBuilder.withActorSystem(actors)
              .withInterface("127.0.0.1")
              .withPort(port)
              .withAWSRegion(Template.REGION)
              .withAWSAccountId(Template.ACCOUNT)
              .start();
      int bound = server.waitUntilStarted().localAddress().getPort();
      return new LocalQueues(actors, server, URI.create("http://127.0.0.1:" + bound));
    } catch (Throwable e) {
      actors.terminate();
      if (port != 0) {
        throw new LocalCloudUnavailable(
            "Port " + port + " is taken: set BUDGET_LOCAL_SQS_PORT to another, or to none.", e);
      }
      throw e;
    }
  }

  URI endpoint() {
    return endpoint;
  }

  /// Stops the server and waits until its threads have ended.
  @Override
  public void close() {
    server.stopAndWait();
    actors.terminate();
    actors.getWhenTerminated().toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
  }
}
