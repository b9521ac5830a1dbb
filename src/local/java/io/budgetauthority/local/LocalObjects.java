package io.budgetauthority.local;

import com.ctc.wstx.stax.WstxInputFactory;
import com.ctc.wstx.stax.WstxOutputFactory;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.dataformat.xml.XmlFactory;
import com.fasterxml.jackson.dataformat.xml.XmlMapper;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import com.robothy.netty.initializer.HttpServerInitializer;
import com.robothy.s3.core.service.BucketService;
import com.robothy.s3.core.service.ObjectService;
import com.robothy.s3.core.service.manager.LocalS3Manager;
import com.robothy.s3.core.service.manager.vectors.LocalS3VectorsManager;
import com.robothy.s3.core.service.s3vectors.S3VectorsService;
import com.robothy.s3.rest.handler.LocalS3RouterFactory;
import com.robothy.s3.rest.service.DefaultServiceFactory;
import com.robothy.s3.rest.service.ServiceFactory;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.DefaultEventLoopGroup;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.nio.NioEventLoopGroup;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.xml.stream.XMLInputFactory;

/// S3 in the local build: local-s3 in this process, with its objects in a folder. The library's own
/// starter binds every interface; this one binds 127.0.0.1.
final class LocalObjects implements AutoCloseable {

  private final BucketService buckets;
  private final List<EventLoopGroup> threads;
  private final Channel channel;

  private LocalObjects(BucketService buckets, List<EventLoopGroup> threads, Channel channel) {
    this.buckets = buckets;
    this.threads = threads;
    this.channel = channel;
  }

  /// Starts the server and waits until it listens.
  ///
  /// @param port the port, or 0 for a free one
  static LocalObjects start(Path folder, int port) throws IOException {
    Files.createDirectories(folder);
    LocalS3Manager store = LocalS3Manager.createFileSystemS3Manager(folder);
    EventLoopGroup acceptor = new NioEventLoopGroup(1, daemons("local-s3-accept"));
    EventLoopGroup connections = new NioEventLoopGroup(1, daemons("local-s3-io"));
    EventLoopGroup requests = new DefaultEventLoopGroup(4, daemons("local-s3"));
    List<EventLoopGroup> threads = List.of(acceptor, connections, requests);
    ChannelFuture bound =
        new ServerBootstrap()
            .group(acceptor, connections)
            .channel(NioServerSocketChannel.class)
            .childHandler(
                new HttpServerInitializer(requests, LocalS3RouterFactory.create(services(store))))
            .bind("127.0.0.1", port)
            .awaitUninterruptibly();
    if (!bound.isSuccess()) {
      stop(threads);
      throw new LocalCloudUnavailable(
          "Port " + port + " is taken: set BUDGET_LOCAL_S3_PORT to another, or to none.",
          bound.cause());
    }
    return new LocalObjects(store.bucketService(), threads, bound.channel());
  }

  URI endpoint() {
    int port = ((InetSocketAddress) channel.localAddress()).getPort();
    return URI.create("http://127.0.0.1:" + port);
  }

  /// Creates a bucket if it does not exist.
  void make(CloudDefinitions.Bucket bucket) {
    if (buckets.listBuckets().stream().noneMatch(found -> found.getName().equals(bucket.name()))) {
      buckets.createBucket(bucket.name(), Template.REGION);
    }
    if (bucket.versioned()) {
      buckets.setVersioningEnabled(bucket.name(), true);
    }
  }

  /// Stops the server and waits until its threads no longer use the folder.
  @Override
  public void close() {
    channel.close().awaitUninterruptibly();
    stop(threads);
  }

  private static void stop(List<EventLoopGroup> threads) {
    threads.stream()
        .map(group -> group.shutdownGracefully(0, 5, TimeUnit.SECONDS))
        .toList()
        .forEach(stopped -> stopped.awaitUninterruptibly(10, TimeUnit.SECONDS));
  }

  private static DefaultThreadFactory daemons(String name) {
    return new DefaultThreadFactory(name, true);
  }

  /// Creates the services that the library's handlers need, in the same way as its own starter.
  private static ServiceFactory services(LocalS3Manager store) {
    WstxInputFactory reader = new WstxInputFactory();
    reader.setProperty(XMLInputFactory.IS_NAMESPACE_AWARE, false);
    reader.setProperty(XMLInputFactory.SUPPORT_DTD, false);
    reader.setProperty(XMLInputFactory.IS_SUPPORTING_EXTERNAL_ENTITIES, false);
    XmlMapper xml = new XmlMapper(new XmlFactory(reader, new WstxOutputFactory()));
    xml.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    xml.registerModules(new Jdk8Module(), new JavaTimeModule());
    ObjectMapper json = new ObjectMapper();
    json.configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);
    json.configure(SerializationFeature.FAIL_ON_EMPTY_BEANS, false);
    json.setDefaultPropertyInclusion(JsonInclude.Include.NON_NULL);
    json.registerModules(new Jdk8Module(), new JavaTimeModule());
    BucketService buckets = store.bucketService();
    ObjectService objects = store.objectService();
    S3VectorsService vectors = LocalS3VectorsManager.createInMemory().s3VectorsService();

    ServiceFactory services = new DefaultServiceFactory();
    services.register(BucketService.class, () -> buckets);
    services.register(ObjectService.class, () -> objects);
    services.register(XmlMapper.class, () -> xml);
    services.register(ObjectMapper.class, () -> json);
    services.register(S3VectorsService.class, () -> vectors);
    return services;
  }
}
