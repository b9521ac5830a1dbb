package io.budgetauthority.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.properties.HasAnnotations;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;

/// What a native executable would be told, as far as it shows without GraalVM: Quarkus prepares its
/// sources (`-Dquarkus.native.sources-only=true`, of the server, since the Lambda extensions refuse
/// that), and what they say of reflection and of resources is read.
class NativeSourcesIT {

  private static final Path SOURCES = Path.of("target", "native-sources", "native-sources");
  private static final String SETTINGS = "META-INF/native-image/";
  private static final String OURS = "io.budgetauthority.";
  private static final String JACKSON = "com.fasterxml.jackson.";

  /// A type that Jackson is to read or write differs from others by its annotations, and so do the
  /// types that it is made of by standing in it.
  @Test
  void whenATypeIsInJson_itIsOpenToReflection() throws Exception {
    Set<String> registered =
        setting("reflect-config.json")
            .valueStream()
            .filter(NativeSourcesIT::isOpen)
            .map(type -> type.get("name").asText())
            .collect(Collectors.toSet());
    JavaClasses ours = new ClassFileImporter().importPath(Path.of("target", "classes"));
    Deque<Class<?>> toLookAt = new ArrayDeque<>();
    for (JavaClass type : ours) {
      if (type.getName().startsWith(OURS)
          && !type.getName().startsWith(OURS + "local.")
          && isForJackson(type)) {
        toLookAt.add(type.reflect());
      }
    }
    Set<String> wanted = new TreeSet<>();
    while (!toLookAt.isEmpty()) {
      Class<?> type = toLookAt.remove();
      if (type.getName().startsWith(OURS) && wanted.add(type.getName())) {
        partsOf(type).forEach(toLookAt::add);
      }
    }
    assertThat(wanted.size()).isGreaterThan(60);
    Set<String> missing = new TreeSet<>(wanted);
    missing.removeAll(registered);
    assertThat(missing).as("name them in TypesInJson").isEmpty();
  }

  @Test
  void whenAResourceIsReadAtRunTime_theExecutableIncludesIt() throws Exception {
    String resources = setting("resource-config.json").toString();
    assertThat(resources).contains("problems");
    assertThat(resources).contains("META-INF/openapi");
  }

  /// Quarkus links at build time: one missing class that reachable code names ends the build. So
  /// these, which packages for a JVM do without, are on a native build's class path.
  @Test
  void whenReachableCodeNamesALibrary_itIsOnTheClassPath() throws IOException {
    Set<String> named =
        Set.of(
            // HttpServerOptionsUtils.applyCommonOptions
            "com.aayushatharva.brotli4j.brotli4j",
            // ForwardedProxyHandler.createDnsClient
            "io.netty.netty-codec-dns",
            // HttpServerWorker.accept
            "io.netty.netty-codec-haproxy",
            // SslHandler
            "io.netty.netty-transport-native-unix-common",
            // AbstractTimer, by way of TimeWindowPercentileHistogram
            "org.hdrhistogram.HdrHistogram");
    try (Stream<Path> files = Files.list(SOURCES.resolve("lib"))) {
      List<String> libraries = files.map(file -> file.getFileName().toString()).toList();
      assertThat(
              named.stream()
                  .filter(name -> libraries.stream().noneMatch(file -> file.contains(name + "-")))
                  .collect(Collectors.toSet()))
          .isEmpty();
    }
  }

  @Test
  void whenTheSourcesAreMade_theyOmitTheLocalServers() throws IOException {
    try (Stream<Path> files = Files.walk(SOURCES)) {
      assertThat(
              files
                  .map(file -> SOURCES.relativize(file).toString())
                  .filter(Zips::isOfTheLocalBuild)
                  .collect(Collectors.toSet()))
          .isEmpty();
    }
  }

  private static boolean isOpen(JsonNode type) {
    return type.path("allDeclaredConstructors").asBoolean()
        && type.path("allDeclaredMethods").asBoolean()
        && type.path("allDeclaredFields").asBoolean();
  }

  private static boolean isForJackson(JavaClass type) {
    return Stream.of(
            Stream.of(type),
            type.getFields().stream(),
            type.getMethods().stream(),
            type.getConstructors().stream(),
            type.getCodeUnits().stream().flatMap(unit -> unit.getParameters().stream()))
        .flatMap(part -> part)
        .map(part -> (HasAnnotations<?>) part)
        .flatMap(part -> part.getAnnotations().stream())
        .anyMatch(annotation -> annotation.getRawType().getName().startsWith(JACKSON));
  }

  private static Stream<Class<?>> partsOf(Class<?> type) {
    Stream<Class<?>> components =
        type.isRecord()
            ? Arrays.stream(type.getRecordComponents())
                .map(RecordComponent::getGenericType)
                .flatMap(NativeSourcesIT::classesOf)
            : Stream.of();
    Stream<Class<?>> permitted =
        type.isSealed() ? Arrays.stream(type.getPermittedSubclasses()) : Stream.of();
    return Stream.concat(components, permitted);
  }

  private static Stream<Class<?>> classesOf(Type type) {
    return switch (type) {
      case Class<?> plain -> Stream.of(plain);
      case ParameterizedType made ->
          Stream.concat(
              classesOf(made.getRawType()),
              Arrays.stream(made.getActualTypeArguments()).flatMap(NativeSourcesIT::classesOf));
      default -> Stream.of();
    };
  }

  private static JsonNode setting(String name) throws IOException {
    try (Stream<Path> files = Files.list(SOURCES);
        ZipFile jar =
            new ZipFile(
                files
                    .filter(file -> file.toString().endsWith("-runner.jar"))
                    .findFirst()
                    .orElseThrow()
                    .toFile())) {
      ZipEntry entry = jar.getEntry(SETTINGS + name);
      try (InputStream in = jar.getInputStream(entry)) {
        return new ObjectMapper().readTree(in);
      }
    }
  }
}
