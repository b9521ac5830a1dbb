/* Stands in for liblibchelper: the C functions that an executable calls. No CPU feature is looked
   for at run time, the time zone is TZ's or UTC, and the locale is en_US. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <jni.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "amd64cpufeatures.h"
#include "svm_locale.h"

/* A library that is linked in must say JNI 1.8; the shared ones say 1.2. */
static jint onload(const char *library, JavaVM *vm, void *reserved) {
  void *handle = dlopen(library, RTLD_NOW | RTLD_NOLOAD);
  if (!handle) {
    fprintf(stderr, "not loaded: %s\n", library);
    return JNI_ERR;
  }
  jint (*load)(JavaVM *, void *) = (jint (*)(JavaVM *, void *))dlsym(handle, "JNI_OnLoad");
  if (load && load(vm, reserved) < 0) {
    return JNI_ERR;
  }
  return JNI_VERSION_1_8;
}

jint JNI_OnLoad_java(JavaVM *vm, void *reserved) { return onload("libjava.so", vm, reserved); }
jint JNI_OnLoad_net(JavaVM *vm, void *reserved) { return onload("libnet.so", vm, reserved); }
jint JNI_OnLoad_nio(JavaVM *vm, void *reserved) { return onload("libnio.so", vm, reserved); }
jint JNI_OnLoad_zip(JavaVM *vm, void *reserved) { return JNI_VERSION_1_8; }
jint JNI_OnLoad_extnet(JavaVM *vm, void *reserved) { return JNI_VERSION_1_8; }
jint JNI_OnLoad_prefs(JavaVM *vm, void *reserved) { return JNI_VERSION_1_8; }

void determineCPUFeatures(CPUFeatures *features) { memset(features, 0, sizeof *features); }
int checkCPUFeatures(unsigned char *required) { return 0; }
int checkCPUFeaturesOrExit(unsigned char *required, const char *message) { return 0; }

int fprintfSD(FILE *to, char *format, char *text, int number) {
  return fprintf(to, format, text, number);
}
int openSII(const char *path, int flags, int mode) { return open(path, flags, mode); }
int openatISII(int folder, const char *path, int flags, int mode) {
  return openat(folder, path, flags, mode);
}
void *mremapP(void *old, size_t from, size_t to, int flags, void *at) {
  return mremap(old, from, to, flags, at);
}
int getThreadId(void) { return syscall(SYS_gettid); }
long getThreadUserTimeSlow(int thread) { return -1; }

extern char **environ;
char **getEnviron(void) { return environ; }

char *SVM_FindJavaTZmd(const char *mappings, int length) {
  const char *zone = getenv("TZ");
  return strdup(zone && *zone ? zone : "UTC");
}

static svm_locale_props_t locale = {"en", NULL, "US", NULL, NULL, NULL, NULL, NULL};
int svm_initialize_locale(void) { return SVM_LOCALE_INITIALIZATION_SUCCEEDED; }
const svm_locale_props_t *svm_get_locale(void) { return &locale; }

#define SIGNALS 65
static volatile int pending[SIGNALS];
static sem_t semaphore;
static sem_t *wake;

static void handler(int signal) {
  __sync_fetch_and_add(&pending[signal], 1);
  if (wake) {
    sem_post(wake);
  }
}

int cSunMiscSignal_open(void) {
  if (wake) {
    return 1;
  }
  if (sem_init(&semaphore, 0, 0)) {
    return -1;
  }
  wake = &semaphore;
  return 0;
}

int cSunMiscSignal_close(void) {
  if (wake) {
    sem_destroy(wake);
    wake = NULL;
  }
  return 0;
}

int cSunMiscSignal_awaitSemaphore(void) {
  int result;
  while ((result = sem_wait(wake)) == -1 && errno == EINTR) {
  }
  return result;
}

int cSunMiscSignal_signalSemaphore(void) { return wake ? sem_post(wake) : -1; }
int cSunMiscSignal_signalRangeCheck(int signal) { return signal > 0 && signal < SIGNALS; }

int cSunMiscSignal_checkPendingSignal(void) {
  for (int i = 0; i < SIGNALS; i++) {
    int count = pending[i];
    if (count > 0 && __sync_bool_compare_and_swap(&pending[i], count, count - 1)) {
      return i;
    }
  }
  return -1;
}

void *cSunMiscSignal_signalHandlerFunctionPointer(void) { return (void *)handler; }
